import type { Context } from 'hono';
import type { ApiEnv } from './types.ts';

/** Returns the path of a request as it was sent. Hono decodes its own, which may then have any character. */
export function rawPath(c: Context<ApiEnv>): string {
  return new URL(c.req.url).pathname;
}
