/** Reads the result of `http-request`, as far as its shape is known. */
import { fieldsOf, numberIn, textIn } from './unknown.ts';

export interface HttpResult {
  readonly status: number;
  readonly durationMs: number | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
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
  const headers = [...(fieldsOf(fields.get('headers')) ?? [])];
  return {
    status,
    durationMs: numberIn(fields, 'duration_ms'),
    headers: headers.map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
    body,
    isTruncated: fields.get('truncated') === true,
    json: jsonIn(body),
  };
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
