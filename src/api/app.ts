import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { cors } from 'hono/cors';
import { AppError, invalidFields } from '../contract/errors.ts';
import { fieldErrors, queryErrors } from '../contract/issues.ts';
import { createAccess } from './access.ts';
import { limitBody, maxOpenBodyBytes, requireJson } from './body.ts';
import { type CallerAddressOf, createCallerAddressOf } from './caller-address.ts';
import { createRouteGuards } from './route-guards.ts';
import { mountRoutes } from './mount.ts';
import { problemResponse } from './problem.ts';
import { requestLog } from './request-log.ts';
import { dashboardRoutes, noSuchPage } from './routes/dashboard.ts';
import { docsRoutes } from './routes/docs.ts';
import { metricsRoute } from './routes/metrics.ts';
import { endpointsOf } from './routes/index.ts';
import { openApiRoute } from './routes/openapi.ts';
import { securityHeaders } from './security-headers.ts';
import { createSignIn } from './sign-in.ts';
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
  const callerAddressOf = createCallerAddressOf(dependencies.limits.trustedProxies, (proxy) =>
    dependencies.logger.warn(
      { proxy },
      `X-Forwarded-For of ${proxy} is ignored: all its clients count as one. If it is your proxy, add it to TASKBELL_TRUSTED_PROXIES.`,
    ),
  );
  useHeaders(app, dependencies.limits.corsOrigins, callerAddressOf);
  app.use(requestLog(dependencies.logger, dependencies.telemetry));
  const access = createAccess(dependencies, callerAddressOf);
  const signIn = createSignIn(dependencies, callerAddressOf);
  const guards = createRouteGuards({ access, ...dependencies });
  mountRoutes(app, endpointsOf({ ...dependencies, access, signIn }), guards);
  openApiRoute(app);
  docsRoutes(app, dependencies.docs);
  metricsRoute(app, dependencies.metrics);
  const pages = { dashboard: dependencies.dashboard, access };
  dashboardRoutes(app, pages);
  // Addresses that do not exist check the body as all others do, before they respond with 404.
  app.use('/api/*', limitBody(maxOpenBodyBytes), requireJson());
  app.notFound((c) => {
    const page = noSuchPage(c, pages);
    if (page) return page;
    throw new AppError('not_found', 'Not found.');
  });
  return app;
}

/** Sets the security headers of all responses, and the CORS headers for the origins whose pages may read them. */
function useHeaders(app: Api, corsOrigins: readonly string[], callerAddressOf: CallerAddressOf): void {
  const isSecure = (c: Context<ApiEnv>): boolean => callerAddressOf(c).isSecure;
  app.use(securityHeaders({ readByOthers: corsOrigins.length > 0, isSecure }));
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
