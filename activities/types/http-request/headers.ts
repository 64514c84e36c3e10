import { isUtf8 } from 'node:buffer';
import type { HttpRequestPayload } from './payload.ts';

/** Headers of a response, by their names in lower case. Only `set-cookie` is a list. */
export type ResponseHeaders = Readonly<Record<string, string | string[]>>;

/**
 * Returns the headers of a response. Those that occur several times are joined by commas (RFC 9110, section 5.3), apart
 * from Set-Cookie, whose values have commas of their own.
 * @param raw names and values in turn, as Node.js has them: a character for each byte
 */
export function responseHeaders(raw: readonly string[]): ResponseHeaders {
  const values = new Map<string, string[]>();
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    values.set(name, [...(values.get(name) ?? []), headerText(raw[index + 1] ?? '')]);
  }
  const isList = (name: string): boolean => name === 'set-cookie';
  return Object.fromEntries(
    [...values].map(([name, list]) => [name, isList(name) ? list : list.join(', ')] as const),
  );
}

/** Returns a header of a response that is no list. */
export function headerOf(headers: ResponseHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** Reads a value as UTF-8 if it is that, and else as Latin-1. HTTP names no charset (RFC 9110, section 5.5). */
function headerText(latin1: string): string {
  const bytes = Buffer.from(latin1, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : latin1;
}

/**
 * Returns the user's headers with the values of secrets.
 * @param secretOf returns the value of a secret
 */
export async function resolvedHeaders(
  { headers }: Pick<HttpRequestPayload, 'headers'>,
  secretOf: (name: string) => Promise<string>,
): Promise<Record<string, string>> {
  const resolved = Object.entries(headers).map(async ([name, value]) => {
    if (typeof value === 'string') return [name, value] as const;
    return [name, `${value.prefix ?? ''}${await secretOf(value.secret)}`] as const;
  });
  return Object.fromEntries(await Promise.all(resolved));
}

/**
 * Returns the headers of a request: the user's in place of ours.
 * @param headers the user's headers
 * @param sent the body as it is sent
 */
export function requestHeaders(
  { url, body }: HttpRequestPayload,
  headers: Readonly<Record<string, string>>,
  sent: Buffer | undefined,
  idempotencyKey: string,
): Record<string, string> {
  const ours = {
    host: new URL(url).host,
    'user-agent': 'taskbell',
    'accept-encoding': 'identity',
    'idempotency-key': idempotencyKey,
    ...(sent !== undefined && {
      'content-type': typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json',
    }),
    // Node.js leaves it out of a GET or DELETE with a body.
    ...(sent !== undefined && { 'content-length': String(sent.length) }),
  };
  const theirs = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return { ...ours, ...Object.fromEntries(theirs) };
}
