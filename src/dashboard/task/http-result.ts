/** Reads the result of `http-request`, as far as its shape is known. */
import { fieldsOf, numberIn, textIn } from './unknown.ts';

export interface HttpResult {
  readonly status: number;
  readonly durationMs: number | undefined;
  readonly headers: readonly (readonly [name: string, values: readonly string[]])[];
  /** The text, or the bytes in base64. */
  readonly body: string;
  readonly isBase64: boolean;
  /** The content coding that the bytes still have, if it is unknown. */
  readonly coding: string | undefined;
  /** Whether `body` is only the start of the response's body. */
  readonly isTruncated: boolean;
  /** The parsed body, if it is JSON. */
  readonly json: { readonly value: unknown } | undefined;
}

export function readHttpResult(result: unknown): HttpResult | undefined {
  const fields = fieldsOf(result);
  const status = fields && numberIn(fields, 'status');
  if (!fields || status === undefined) return undefined;
  const body = textIn(fields, 'body') ?? '';
  const isBase64 = textIn(fields, 'body_encoding') === 'base64';
  const headers = [...(fieldsOf(fields.get('headers')) ?? [])];
  return {
    status,
    durationMs: numberIn(fields, 'duration_ms'),
    headers: headers.map(([name, value]) => [name, [value].flat().map(headerText)]),
    body,
    isBase64,
    coding: textIn(fields, 'content_encoding'),
    isTruncated: fields.get('truncated') === true,
    json: isBase64 ? undefined : jsonIn(body),
  };
}

function headerText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Returns the number of bytes of a text in base64. */
export function base64Bytes(text: string): number {
  return Math.floor((text.replace(/=+$/, '').length * 3) / 4);
}

function jsonIn(body: string): HttpResult['json'] {
  // A lone number or word is just as readable as text.
  if (!/^\s*[[{]/.test(body)) return undefined;
  try {
    return { value: JSON.parse(body) as unknown };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
