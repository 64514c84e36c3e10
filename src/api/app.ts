import { randomUUID } from 'node:crypto';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { AppError } from '../contract/errors.ts';
import { fieldErrors } from '../contract/issues.ts';
import { limitBody, requireJson } from './body.ts';
import { bulkRoutes } from './bulk.ts';
import { commandRoutes } from './commands.ts';
import { healthRoutes } from './health.ts';
import { historyRoutes } from './history.ts';
import { listRoutes } from './list.ts';
import { allowedMethods, openApiRoute } from './openapi.ts';
import { problemResponse } from './problem.ts';
import { taskTypeRoutes } from './task-types.ts';
import { taskRoutes } from './tasks.ts';
import { tokenRoutes } from './tokens.ts';
import type { Api, ApiDependencies, ApiEnv } from './types.ts';

/** The HTTP interface as a value: `app.request()` answers without a port. */
export function createApp(dependencies: ApiDependencies): Api {
  const app = new OpenAPIHono<ApiEnv>({
    // With and without trailing slash.
    strict: false,
    defaultHook: (result) => {
      if (result.success) return;
      const base = result.target === 'json' ? '' : result.target === 'query' ? '?' : '';
      const errors = fieldErrors(result.error).map((error) =>
        base === '?' ? { ...error, pointer: `?${error.pointer.slice(1)}` } : error,
      );
      throw new AppError('validation', 'The request does not fit.', { errors });
    },
  });
  app.onError(problemResponse(dependencies.logger));
  useMiddleware(app, dependencies);
  tokenRoutes(app, dependencies);
  listRoutes(app, dependencies);
  bulkRoutes(app, dependencies);
  taskRoutes(app, dependencies);
  historyRoutes(app, dependencies);
  commandRoutes(app, dependencies);
  taskTypeRoutes(app, dependencies);
  healthRoutes(app, dependencies);
  openApiRoute(app);
  app.notFound((c) => {
    const methods = allowedMethods(app, c.req.path);
    if (methods.length === 0) throw new AppError('not_found', 'There is nothing at this address.');
    c.header('Allow', methods.join(', '));
    throw new AppError('method_not_allowed', `Method "${c.req.method}" not allowed.`);
  });
  return app;
}

function useMiddleware(app: Api, { authenticate, logger }: ApiDependencies): void {
  app.use(async (c, next) => {
    const requestId = randomUUID();
    c.set('receivedAt', Date.now());
    c.header('X-Request-Id', requestId);
    c.header('X-Content-Type-Options', 'nosniff');
    c.header('Cache-Control', 'no-store');
    const startedAt = performance.now();
    await next();
    const durationMs = Math.round(performance.now() - startedAt);
    logger.debug(
      { requestId, method: c.req.method, path: c.req.path, status: c.res.status, durationMs },
      'request',
    );
  });
  const requirePrincipal: MiddlewareHandler<ApiEnv> = async (c, next) => {
    c.set('principal', await authenticate(c.req.header('Authorization')));
    await next();
  };
  // Before the body is looked at: strangers get no parsing done.
  for (const path of ['/api/tasks', '/api/tasks/*', '/tasks/*', '/api/task-types', '/api/ws-ticket']) {
    app.use(path, requirePrincipal);
  }
  app.use('/api/*', limitBody, requireJson);
}
