import { TaskFailure } from '../define.ts';
import { ellipsis } from '../text.ts';

const maxRetryAfterMs = 24 * 60 * 60 * 1000;
const shownCodePoints = 200;

/** Statuses below 500 that mean: try again later. */
const retryableStatuses = new Set([408, 429]);

type ExpectedStatus = number | readonly number[] | undefined;

/** Returns whether a status is a success: one of those expected, or 200 to 299 if none are given. */
export function isSuccess(status: number, expected: ExpectedStatus): boolean {
  if (expected === undefined) return status >= 200 && status < 300;
  return typeof expected === 'number' ? status === expected : expected.includes(status);
}

/**
 * Returns the failure for an unexpected response. Whether it is retryable depends on its status alone.
 * @param from the host and port that answered
 */
export function statusFailure(
  from: string,
  expected: ExpectedStatus,
  response: { status: number; headers: Readonly<Record<string, string>>; body: string },
): TaskFailure {
  const { status, headers, body } = response;
  const retryable = status >= 500 || retryableStatuses.has(status);
  const instead = expected === undefined ? '' : ` (expected ${[expected].flat().join(' or ')})`;
  const details = redirection(status, headers['location']) ?? excerpt(body);
  const message = `HTTP ${status} from ${from}${instead}${details && `: ${details}`}`;
  const retryAfterMs = retryable ? parseRetryAfter(headers['retry-after'], Date.now()) : undefined;
  return new TaskFailure('HttpStatus', message, { retryable, retryAfterMs });
}

function redirection(status: number, location: string | undefined): string | undefined {
  if (status < 300 || status > 399 || location === undefined) return undefined;
  return `redirects are not followed (Location: ${excerpt(location)})`;
}

/** @returns milliseconds from `now`, a day at most; undefined if the header has no usable value. */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? '';
  const isDate = /^[A-Z][a-z]{2,8}, .* GMT$/.test(text);
  const afterMs = /^\d+$/.test(text) ? Number(text) * 1000 : isDate ? Date.parse(text) - now : NaN;
  if (Number.isNaN(afterMs)) return undefined;
  return Math.min(Math.max(afterMs, 0), maxRetryAfterMs);
}

/** Shortens text from the other server to one line of a message. */
function excerpt(text: string): string {
  return ellipsis(text.replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, ' ').trim(), shownCodePoints);
}
