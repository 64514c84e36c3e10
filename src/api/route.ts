/**
 * Declarations of a resource's routes. Each says who may call it and what it accepts; src/api/mount.ts puts
 * the guards that enforce this in front of its validators.
 */
import type { RouteConfig, RouteHandler } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import type { Scope } from '../auth/principal.ts';
import type { Access } from './access.ts';
import { noLocalAccounts, problems, sessionRequired, signInRequired } from './responses.ts';
import type { SignIn } from './sign-in.ts';
import type { Api, ApiDependencies, ApiEnv } from './types.ts';

/** What a route can say about its requests. The defaults suit most routes. */
interface RouteOptions {
  /** The scope that a caller needs. Default: `read` for methods that change nothing, else `write`. */
  readonly scope?: Scope;
  /**
   * Name of the action on one object in the audit log. Default: the last part of the path, or the method.
   */
  readonly action?: string;
  /** Maximum size of the body, in bytes. Default: 1 MiB. */
  readonly maxBodyBytes?: number;
  /**
   * The handler checks the values of the body itself, item by item: one bad value doesn't reject the other
   * items.
   */
  readonly checksValues?: boolean;
  /** Each request can hold megabytes, so only a few may run at once. Each of its items has a deadline of its own. */
  readonly isBulk?: boolean;
  /** The response lasts as long as its reader wants, so the request has no deadline. */
  readonly isStream?: boolean;
}

/** What a route requires of its requests. */
export interface RouteRules extends RouteOptions {
  /** Who may call it: `account` stands for a token, an API key or a session, `session` for a session alone. */
  readonly caller: 'anyone' | 'account' | 'session';
}

export type DeclaredRoute = RouteConfig & { readonly rules: RouteRules };

type Declaration<P extends string> = Omit<RouteConfig, 'path' | 'security' | 'middleware' | 'hide'> & {
  readonly path: P;
  readonly rules?: RouteOptions;
};

/** Declares a route for callers with an account. Adds the security requirement, and the responses that come with it. */
export function signedInRoute<P extends string, R extends Declaration<P>>(declaration: R & { path: P }) {
  return {
    ...declaration,
    security: signInRequired,
    responses: { ...declaration.responses, ...problems(401) },
    rules: { ...declaration.rules, caller: 'account' as const },
  };
}

/** Declares a route that needs the cookie of a session and accepts no other credential. */
export function sessionRoute<P extends string, R extends Declaration<P>>(declaration: R & { path: P }) {
  return {
    ...declaration,
    security: sessionRequired,
    responses: { ...declaration.responses, ...problems(401), ...noLocalAccounts },
    rules: { ...declaration.rules, caller: 'session' as const },
  };
}

/** Declares a route that anyone may call. */
export function openRoute<P extends string, R extends Declaration<P>>(declaration: R & { path: P }) {
  return { ...declaration, security: [], rules: { ...declaration.rules, caller: 'anyone' as const } };
}

/** Dependencies of the routes' handlers. */
export interface RouteDependencies extends ApiDependencies {
  readonly access: Access;
  readonly signIn: SignIn;
}

/** A route with its handler. */
export interface Endpoint {
  readonly route: DeclaredRoute;
  /** Adds the route to the app's router, behind the middleware. Does not describe it. */
  mount(app: Api, middleware: MiddlewareHandler<ApiEnv>[]): void;
}

/** Collects the routes of all resources, in the order of the OpenAPI document. */
export interface RouteTable {
  add<R extends DeclaredRoute>(route: R, handler: RouteHandler<R, ApiEnv>): void;
  readonly endpoints: readonly Endpoint[];
}

export function createRouteTable(): RouteTable {
  const endpoints: Endpoint[] = [];
  return {
    endpoints,
    add(route, handler) {
      endpoints.push({
        route,
        mount: (app, middleware) =>
          void app.openapiRoutes([{ route: { ...route, middleware, hide: true }, handler }]),
      });
    },
  };
}
