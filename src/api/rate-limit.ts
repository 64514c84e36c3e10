import type { MiddlewareHandler } from 'hono';
import { tooManyRequests } from '../contract/errors.ts';
import { type RateLimit, windowSeconds } from '../lib/token-bucket.ts';
import type { ApiEnv } from './types.ts';

/**
 * Responds 429 beyond the limit; sets `RateLimit` headers (draft-ietf-httpapi-ratelimit-headers) on every response.
 * @param limit No limit if undefined.
 */
export function limitRate(limit: RateLimit | undefined): MiddlewareHandler<ApiEnv> {
  if (!limit) return (_c, next) => next();
  return async (c, next) => {
    const { allowed, left, fullInSeconds } = limit.take(c.get('principal').id);
    c.header('RateLimit-Policy', `"default";q=${limit.perMinute};w=${windowSeconds}`);
    c.header('RateLimit', `"default";r=${left};t=${fullInSeconds}`);
    if (allowed) return next();
    throw tooManyRequests(limit.perMinute);
  };
}
