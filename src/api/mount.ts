/** Adds the declared routes to the app, and responds to requests for their paths that no route handles. */
import type { MiddlewareHandler } from 'hono';
import { AppError } from '../contract/errors.ts';
import type { RouteGuards } from './route-guards.ts';
import type { DeclaredRoute, Endpoint, RouteRules } from './route.ts';
import type { Api, ApiEnv } from './types.ts';

/**
 * Adds the routes, each behind the guards that its rules require, and describes them in the OpenAPI registry.
 */
export function mountRoutes(app: Api, endpoints: readonly Endpoint[], guards: RouteGuards): void {
  for (const { route } of endpoints) describe(app, route);
  const paths = byPath(endpoints);
  for (const [path, at] of paths) {
    for (const { route, mount } of at) mount(app, guards.before(route));
    const rules = at.map(({ route }) => route.rules);
    app.use(routingPath(path), ...guards.admit(othersOf(rules)), rejectMethod(at));
  }
  for (const path of closedRoots(paths)) app.use(`${path}/*`, ...guards.admit({ caller: 'account' }));
}

/** Adds the route to the OpenAPI document, which has no place for its rules. */
function describe(app: Api, route: DeclaredRoute): void {
  const { rules: _rules, ...described } = route;
  app.openAPIRegistry.registerPath(described);
}

/** Groups the endpoints. A literal path comes before one with parameters: `bulk` is not a task's id. */
function byPath(endpoints: readonly Endpoint[]): [path: string, at: Endpoint[]][] {
  const paths = new Map<string, Endpoint[]>();
  for (const endpoint of endpoints) {
    const { path } = endpoint.route;
    paths.set(path, [...(paths.get(path) ?? []), endpoint]);
  }
  return [...paths].toSorted(([a], [b]) => Number(hasParameter(a)) - Number(hasParameter(b)));
}

function hasParameter(path: string): boolean {
  return path.includes('{');
}

function routingPath(path: string): string {
  return path.replaceAll(/\{([^}]+)\}/g, ':$1');
}

/** Returns the rules for the methods that a path does not allow: those of its routes, or none if one is open. */
function othersOf(rules: readonly RouteRules[]): RouteRules {
  const open = rules.find(({ caller }) => caller === 'anyone');
  return open ?? rules[0] ?? { caller: 'anyone' };
}

/** Responds 405 for a method that a path does not allow. */
function rejectMethod(at: readonly Endpoint[]): MiddlewareHandler<ApiEnv> {
  const methods = at.flatMap(({ route: { method } }) =>
    method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()],
  );
  return (c) => {
    c.header('Allow', methods.join(', '));
    throw new AppError('method_not_allowed', `Method "${c.req.method}" not allowed.`);
  };
}

/**
 * Returns the paths of collections that need an account and have routes below them that need one too.
 * Everything below such a path then needs an account, so that strangers cannot find out what exists.
 */
function closedRoots(paths: readonly (readonly [path: string, at: readonly Endpoint[]])[]): string[] {
  const closed = paths
    .filter(([, at]) => at.every(({ route }) => route.rules.caller === 'account'))
    .map(([path]) => path);
  const isBelow = (path: string, root: string): boolean => path.startsWith(`${root}/`);
  return closed.filter(
    (path) => closed.some((other) => isBelow(other, path)) && !closed.some((other) => isBelow(path, other)),
  );
}
