import type { Context, MiddlewareHandler } from 'hono';
import { tooManyRequests } from '../contract/errors.ts';
import { type RateLimit, windowSeconds } from '../lib/token-bucket.ts';
import type { ApiEnv } from './types.ts';

/** Number of tasks of a bulk request that count as one request: each costs Temporal as much, but the API less. */
const tasksPerRequest = 10;

/**
 * Responds 429 beyond the limit; sets `RateLimit` headers (draft-ietf-httpapi-ratelimit-headers) on every response.
 * @param limit No limit if undefined.
 */
export function limitRate(limit: RateLimit | undefined): MiddlewareHandler<ApiEnv> {
  if (!limit) return (_c, next) => next();
  return (c, next) => {
    take(c, limit, 1);
    return next();
  };
}

/**
 * Counts the tasks of a bulk request, once their number is known. The request itself has been counted as one.
 * @throws AppError too_many_requests beyond the limit, before any of them is begun.
 */
export function countTasksOf(c: Context<ApiEnv>, limit: RateLimit | undefined, tasks: number): void {
  if (!limit) return;
  // Not more than an account can ever have left.
  const more = Math.min(Math.ceil(tasks / tasksPerRequest), limit.perMinute) - 1;
  // The request that is sent again is counted, too.
  if (more > 0) take(c, limit, more, Math.ceil(windowSeconds / limit.perMinute));
}

function take(c: Context<ApiEnv>, limit: RateLimit, cost: number, moreSeconds = 0): void {
  const { allowed, left, fullInSeconds, allowedInSeconds } = limit.take(c.get('principal').id, cost);
  c.header('RateLimit-Policy', `"default";q=${limit.perMinute};w=${windowSeconds}`);
  c.header('RateLimit', `"default";r=${left};t=${fullInSeconds}`);
  if (!allowed) throw tooManyRequests(limit.perMinute, allowedInSeconds + moreSeconds);
}
