import { isUtf8 } from 'node:buffer';
import type { SecretMask } from '../../secret-mask.ts';
import type { HttpRequestPayload } from './payload.ts';

/** Headers of a response, by their names in lower case. Only `set-cookie` is a list. */
export type ResponseHeaders = Readonly<Record<string, string | string[]>>;

/**
 * Returns the headers of a response. Those that occur several times are joined by commas (RFC 9110, section 5.3), apart
 * from Set-Cookie, whose values have commas of their own.
 * @param raw names and values in turn, as Node.js has them: a character for each byte
 * @param mask the secrets to replace: a part of a header can become one of a message
 */
export function responseHeaders(raw: readonly string[], mask: SecretMask): ResponseHeaders {
  const values = new Map<string, string[]>();
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    values.set(name, [...(values.get(name) ?? []), mask.text(headerText(raw[index + 1] ?? ''))]);
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
 * @param secretOf returns the value of a secret; called once for each
 */
export async function resolvedHeaders(
  { headers }: Pick<HttpRequestPayload, 'headers'>,
  secretOf: (name: string) => Promise<string>,
): Promise<Record<string, string>> {
  const entries = Object.entries(headers);
  const names = new Set(entries.flatMap(([, value]) => (typeof value === 'string' ? [] : value.secret)));
  const values = new Map(
    await Promise.all([...names].map(async (name) => [name, await secretOf(name)] as const)),
  );
  const resolved = entries.map(([name, value]) => [
    name,
    typeof value === 'string' ? value : `${value.prefix ?? ''}${values.get(value.secret) ?? ''}`,
  ]);
  return Object.fromEntries(resolved) as Record<string, string>;
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
