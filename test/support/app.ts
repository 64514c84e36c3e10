import { OpenAPIHono } from '@hono/zod-openapi';
import { type Logger, pino } from 'pino';
import { createAccess } from '../../src/api/access.ts';
import { createRouteGuards } from '../../src/api/route-guards.ts';
import { mountRoutes } from '../../src/api/mount.ts';
import { problemResponse } from '../../src/api/problem.ts';
import type { RouteTable } from '../../src/api/route.ts';
import type { Api, ApiEnv } from '../../src/api/types.ts';
import { allScopes, type Principal } from '../../src/auth/principal.ts';

export const alice: Principal = {
  id: 'a1',
  name: 'alice',
  role: 'user',
  generation: 1,
  scopes: allScopes,
  credential: { type: 'key', prefix: '0123abcd' },
  expiresAt: 0,
};

/** Returns an app with these routes. Any Authorization header stands for the principal. */
export function appOf(
  routes: RouteTable,
  logger: Logger = pino({ level: 'silent' }),
  principal = alice,
): Api {
  const app = new OpenAPIHono<ApiEnv>({ strict: false });
  app.onError(problemResponse(logger));
  const access = createAccess({ authenticate: async () => principal, localAccounts: undefined }, () => ({
    address: 'here',
    isSecure: false,
  }));
  mountRoutes(app, routes.endpoints, createRouteGuards({ access, rate: undefined, logger }));
  return app;
}
