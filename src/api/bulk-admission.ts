import type { MiddlewareHandler } from 'hono';
import { tooManyAtOnce } from '../contract/errors.ts';
import { noTelemetry, type Telemetry } from '../metrics/telemetry.ts';
import type { ApiEnv } from './types.ts';

/** Maximum number of concurrent bulk requests: each can hold megabytes. */
const maxConcurrent = 4;
/** Maximum number for one account, so that none can block the others. */
const maxConcurrentOfAccount = 2;

/** Limits concurrent bulk requests, before their bodies are read. @throws AppError too_many_requests */
export function limitBulk(telemetry: Telemetry = noTelemetry): MiddlewareHandler<ApiEnv> {
  const inProgress = new Map<string, number>();

  function total(): number {
    let sum = 0;
    for (const count of inProgress.values()) sum += count;
    return sum;
  }

  return async (c, next) => {
    const { id } = c.get('principal');
    const own = inProgress.get(id) ?? 0;
    if (own >= maxConcurrentOfAccount || total() >= maxConcurrent) {
      telemetry.count('taskbell_rate_limited_total', { why: 'bulk' });
      throw tooManyAtOnce();
    }
    inProgress.set(id, own + 1);
    try {
      await next();
    } finally {
      const left = (inProgress.get(id) ?? 1) - 1;
      if (left === 0) inProgress.delete(id);
      else inProgress.set(id, left);
    }
  };
}
