import { randomUUID } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { Logger } from 'pino';
import { methodLabel } from '../metrics/labels.ts';
import { noTelemetry, type Telemetry } from '../metrics/telemetry.ts';
import { rawPath } from './raw-path.ts';
import type { ApiEnv } from './types.ts';

/** Gives each request an id, and logs and measures it. */
export function requestLog(logger: Logger, telemetry: Telemetry = noTelemetry): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const requestId = randomUUID();
    c.set('receivedAt', Date.now());
    c.header('X-Request-Id', requestId);
    c.header('Cache-Control', 'no-store');
    const startedAt = performance.now();
    await next();
    const ms = performance.now() - startedAt;
    const { method } = c.req;
    const path = rawPath(c);
    const { status } = c.res;
    logger.debug({ requestId, method, path, status, durationMs: Math.round(ms) }, 'request');
    // By route, not by path: paths have ids, so the number of labels would be unlimited.
    const labels = { method: methodLabel(method), route: routePath(c) };
    telemetry.count('taskbell_http_requests_total', { ...labels, status: String(status) });
    telemetry.observe('taskbell_http_request_duration_seconds', ms / 1000, labels);
  };
}
