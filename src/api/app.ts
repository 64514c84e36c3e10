import { randomUUID } from 'node:crypto';
import { OpenAPIHono } from '@hono/zod-openapi';
import { cors } from 'hono/cors';
import { AppError, invalidFields } from '../contract/errors.ts';
import { fieldErrors, queryErrors } from '../contract/issues.ts';
import { type Access, createAccess } from './access.ts';
import { audit } from './audit.ts';
import { limitBody, requireJson } from './body.ts';
import { limitBulk } from './bulk-admission.ts';
import { bulkRoutes } from './bulk.ts';
import { createCallerAddressOf } from './caller-address.ts';
import { commandRoutes } from './commands.ts';
import { dashboardRoutes, isDashboard } from './dashboard.ts';
import { eventRoutes } from './events.ts';
import { docsRoutes } from './docs.ts';
import { healthRoutes } from './health.ts';
import { historyRoutes } from './history.ts';
import { listRoutes } from './list.ts';
import { refuseOtherMethods } from './methods.ts';
import { openApiRoute } from './openapi.ts';
import { overviewRoutes } from './overview.ts';
import { problemResponse } from './problem.ts';
import { apiHeaders, pageHeaders } from './security-headers.ts';
import { limitRate } from './rate-limit.ts';
import { sessionRoutes } from './sessions.ts';
import { createSignIn } from './sign-in.ts';
import { taskTypeRoutes } from './task-types.ts';
import { taskRoutes } from './tasks.ts';
import { tokenRoutes } from './tokens.ts';
import type { Api, ApiDependencies, ApiEnv } from './types.ts';

/** Creates the HTTP API as a value: `app.request()` works without a port. */
export function createApp(dependencies: ApiDependencies): Api {
  const app = new OpenAPIHono<ApiEnv>({
    // Paths match with and without a trailing slash.
    strict: false,
    defaultHook: (result) => {
      if (result.success) return;
      const errors = result.target === 'query' ? queryErrors(result.error) : fieldErrors(result.error);
      throw invalidFields(errors);
    },
  });
  app.onError(problemResponse(dependencies.logger));
  const clientOf = createCallerAddressOf(dependencies.limits.trustedProxies);
  const access = createAccess(dependencies, clientOf);
  const signIn = createSignIn(dependencies, clientOf);
  useMiddleware(app, dependencies, access);
  tokenRoutes(app, dependencies, signIn);
  sessionRoutes(app, access, signIn);
  listRoutes(app, dependencies);
  overviewRoutes(app, dependencies);
  bulkRoutes(app, dependencies);
  taskRoutes(app, dependencies);
  historyRoutes(app, dependencies);
  eventRoutes(app, dependencies);
  commandRoutes(app, dependencies);
  taskTypeRoutes(app, dependencies);
  healthRoutes(app, dependencies);
  openApiRoute(app);
  docsRoutes(app, dependencies.docs);
  dashboardRoutes(app, dependencies.dashboard);
  app.notFound(() => {
    throw new AppError('not_found', 'Not found.');
  });
  return app;
}

function useMiddleware(app: Api, { limits, rate, logger }: ApiDependencies, access: Access): void {
  useHeaders(app, limits.corsOrigins);
  app.use(async (c, next) => {
    const requestId = randomUUID();
    c.set('receivedAt', Date.now());
    c.header('X-Request-Id', requestId);
    c.header('Cache-Control', 'no-store');
    const startedAt = performance.now();
    await next();
    const durationMs = Math.round(performance.now() - startedAt);
    logger.debug(
      { requestId, method: c.req.method, path: c.req.path, status: c.res.status, durationMs },
      'request',
    );
  });
  app.use(audit(logger));
  const limited = limitRate(rate);
  // `/*` also matches the path itself. Runs before the body is read: nothing is parsed for unauthenticated clients.
  const paths = ['/api/tasks/*', '/tasks/:id/status', '/api/overview', '/api/task-types', '/api/ws-ticket'];
  for (const path of paths) {
    app.use(path, access.requirePrincipal, limited);
  }
  app.on(['GET', 'DELETE'], '/api/session', access.requireSession, limited);
  app.use(refuseOtherMethods(app));
  const bulk = limitBulk();
  for (const path of ['/api/tasks/bulk', '/api/tasks/actions']) app.use(path, bulk);
  app.use('/api/*', limitBody, requireJson);
}

/** Sets the security headers of all responses, and the CORS headers for the origins whose pages may read them. */
function useHeaders(app: Api, corsOrigins: readonly string[]): void {
  const forApi = apiHeaders({ readByOthers: corsOrigins.length > 0 });
  const forPages = pageHeaders();
  app.use((c, next) => (isPage(c.req.path) ? forPages(c, next) : forApi(c, next)));
  if (corsOrigins.length === 0) return;
  app.use(
    cors({
      origin: [...corsOrigins],
      allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'If-Match', 'Last-Event-ID'],
      exposeHeaders: [
        'ETag',
        'Link',
        'Location',
        'RateLimit',
        'RateLimit-Policy',
        'Retry-After',
        'X-Request-Id',
      ],
      maxAge: 600,
    }),
  );
}

function isPage(path: string): boolean {
  return path === '/docs' || path.startsWith('/docs/') || isDashboard(path);
}
