import type { MiddlewareHandler } from 'hono';
import { Busy } from '../limiter.ts';
import type { ApiEnv } from './types.ts';

/** Requests about many tasks that are in hand at a time: each may hold megabytes. */
const atOnce = 4;
/** Of one account, so that none keeps the others away. */
const atOnceOfOne = 2;

/** Before the body is read. @throws {Busy} there are as many as can be. */
export function admitBulk(): MiddlewareHandler<ApiEnv> {
  const inHand = new Map<string, number>();

  function total(): number {
    let sum = 0;
    for (const count of inHand.values()) sum += count;
    return sum;
  }

  return async (c, next) => {
    const { id } = c.get('principal');
    const own = inHand.get(id) ?? 0;
    if (own >= atOnceOfOne || total() >= atOnce) throw new Busy('too many requests about many tasks');
    inHand.set(id, own + 1);
    try {
      await next();
    } finally {
      const left = (inHand.get(id) ?? 1) - 1;
      if (left === 0) inHand.delete(id);
      else inHand.set(id, left);
    }
  };
}
