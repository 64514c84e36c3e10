import type { Context, MiddlewareHandler } from 'hono';
import { tooManyRequests } from '../contract/errors.ts';
import { withMeter } from '../lib/meter.ts';
import { type RateLimit, type Taken, windowSeconds } from '../lib/token-bucket.ts';
import type { ApiEnv } from './types.ts';

/**
 * Number of tasks, or of their predecessors, in a bulk request that count as one request: each costs Temporal as much,
 * but the API less.
 */
const tasksPerRequest = 10;

/** Number of calls to Temporal that a request can make and still count as one. Most make one or two. */
const callsPerRequest = 10;

/**
 * Responds 429 beyond the limit; sets `RateLimit` headers (draft-ietf-httpapi-ratelimit-headers) on every response.
 * @param limit No limit if undefined.
 */
export function limitRate(limit: RateLimit | undefined): MiddlewareHandler<ApiEnv> {
  if (!limit) return (_c, next) => next();
  return (c, next) => {
    take(c, limit, c.get('principal').id, 1);
    return next();
  };
}

/**
 * Counts a request of a route that is open to all, once it is known whose it is.
 * @throws AppError too_many_requests beyond the limit.
 */
export function countRequestOf(c: Context<ApiEnv>, limit: RateLimit | undefined, account: string): void {
  if (limit) take(c, limit, account, 1);
}

/**
 * Counts a request that has made many calls to Temporal as several: the history of a task with hundreds of runs, for
 * example. What it has cost is known only afterwards, so the account can owe requests then.
 */
export function chargeCalls(limit: RateLimit | undefined): MiddlewareHandler<ApiEnv> {
  if (!limit) return (_c, next) => next();
  return async (c, next) => {
    const meter = { used: 0 };
    await withMeter(meter, next);
    const more = Math.ceil(meter.used / callsPerRequest) - 1;
    if (more > 0) setHeaders(c, limit, limit.charge(c.get('principal').id, more));
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
  if (more > 0) take(c, limit, c.get('principal').id, more, Math.ceil(windowSeconds / limit.perMinute));
}

function take(c: Context<ApiEnv>, limit: RateLimit, account: string, cost: number, moreSeconds = 0): void {
  const taken = limit.take(account, cost);
  setHeaders(c, limit, taken);
  if (!taken.allowed) throw tooManyRequests(limit.perMinute, taken.allowedInSeconds + moreSeconds);
}

function setHeaders(c: Context<ApiEnv>, { perMinute }: RateLimit, { left, fullInSeconds }: Taken): void {
  c.header('RateLimit-Policy', `"default";q=${perMinute};w=${windowSeconds}`);
  c.header('RateLimit', `"default";r=${left};t=${fullInSeconds}`);
}
