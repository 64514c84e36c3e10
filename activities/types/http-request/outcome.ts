import { TaskFailure } from '../define.ts';
import { ellipsis } from '../text.ts';
import { headerOf, type ResponseHeaders } from './headers.ts';
import { parseHttpDate } from './http-date.ts';

const maxRetryAfterMs = 24 * 60 * 60 * 1000;
const shownCodePoints = 200;

/** Statuses below 500 that mean: try again later. */
const retryableStatuses = new Set([408, 429]);

/** Methods whose repetition has no further effect (RFC 9110, section 9.2.2), of those that a payload may have. */
const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

type ExpectedStatus = number | readonly number[] | undefined;

/** Returns whether a status is a success: one of those expected, or 200 to 299 if none are given. */
export function isSuccess(status: number, expected: ExpectedStatus): boolean {
  if (expected === undefined) return status >= 200 && status < 300;
  return typeof expected === 'number' ? status === expected : expected.includes(status);
}

/** Returns the failure of a request to which nothing was answered. A later one may be. */
export function connectionFailure(from: string, message: string, cause: unknown): TaskFailure {
  return new TaskFailure('HttpConnection', `No response from ${from}: ${message}`, {
    retryable: true,
    cause,
  });
}

/**
 * Returns the failure of a request whose response cannot be understood. The server has received the request, so it is
 * repeated only where that is harmless. (It has an Idempotency-Key, which not every server obeys.)
 */
export function responseFailure(from: string, method: string, message: string, cause: unknown): TaskFailure {
  const retryable = idempotentMethods.has(method);
  const note = retryable ? '' : `. The server received the ${method} request, so it is not repeated`;
  const text = `The response from ${from} cannot be read: ${message}${note}`;
  return new TaskFailure('HttpResponse', text, { retryable, cause });
}

export interface UnexpectedResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** The beginning of the body; empty if it is no text. */
  readonly text: string;
  /** What is wrong with the body, if anything is. */
  readonly remark: string | undefined;
}

/**
 * Returns the failure for an unexpected response. Whether it is retryable depends on its status alone.
 * @param from the host and port that answered
 */
export function statusFailure(
  from: string,
  expected: ExpectedStatus,
  { status, headers, text, remark }: UnexpectedResponse,
): TaskFailure {
  const retryable = status >= 500 || retryableStatuses.has(status);
  const instead = expected === undefined ? '' : ` (expected ${[expected].flat().join(' or ')})`;
  const details = redirection(status, headerOf(headers, 'location')) ?? excerpt(text);
  const remarks = remark === undefined ? '' : ` (${remark})`;
  const message = `HTTP ${status} from ${from}${instead}${details && `: ${details}`}${remarks}`;
  const retryAfterMs = retryable ? parseRetryAfter(headerOf(headers, 'retry-after'), Date.now()) : undefined;
  return new TaskFailure('HttpStatus', message, { retryable, retryAfterMs });
}

function redirection(status: number, location: string | undefined): string | undefined {
  if (status < 300 || status > 399 || location === undefined) return undefined;
  return `redirects are not followed (Location: ${excerpt(location)})`;
}

/** @returns milliseconds from `now`, a day at most; undefined if the header has no usable value. */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? '';
  const at = /^\d+$/.test(text) ? now + Number(text) * 1000 : parseHttpDate(text, now);
  if (at === undefined) return undefined;
  return Math.min(Math.max(at - now, 0), maxRetryAfterMs);
}

/** Shortens text from the other server to one line of a message. */
function excerpt(text: string): string {
  return ellipsis(text.replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, ' ').trim(), shownCodePoints);
}
