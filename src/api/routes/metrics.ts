import { createHash, timingSafeEqual } from 'node:crypto';
import type { Api, ApiDependencies } from '../types.ts';

/** Serves the metrics to callers with their token. To all others, the address does not exist. */
export function metricsRoute(app: Api, metrics: ApiDependencies['metrics']): void {
  if (!metrics) return;
  const expected = digest(`Bearer ${metrics.token}`);
  app.get('/metrics', async (c, next) => {
    const given = (c.req.header('Authorization') ?? '').replace(/^bearer +/i, 'Bearer ');
    if (!timingSafeEqual(digest(given), expected)) return next();
    const { type, text } = await metrics.page();
    return c.body(text, 200, { 'Content-Type': type });
  });
}

/** Returns a hash, so that texts of different lengths can be compared in constant time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
