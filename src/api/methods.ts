import type { MiddlewareHandler } from 'hono';
import { AppError } from '../contract/errors.ts';
import type { Api, ApiEnv } from './types.ts';

/**
 * The methods that a path knows, for the answer to one that it does not.
 * @param path as the router sees it, with or without its trailing slash.
 */
export function allowedMethods(app: Api, path: string): string[] {
  const wanted = path.length > 1 ? path.replace(/\/$/, '') : path;
  const routes = app.openAPIRegistry.definitions.flatMap((definition) =>
    definition.type === 'route' ? [definition.route] : [],
  );
  // A path that is written out goes before one with parameters: `bulk` is no task's id.
  const exact = routes.filter((route) => route.path === wanted);
  const found = exact.length > 0 ? exact : routes.filter((route) => patternOf(route.path).test(wanted));
  return found.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`);
}

/** 405 for what a known path does not know, before another route takes its last part for an id. */
export function refuseOtherMethods(app: Api): MiddlewareHandler<ApiEnv> {
  return (c, next) => {
    const methods = allowedMethods(app, c.req.path);
    if (methods.length === 0 || methods.includes(c.req.method)) return next();
    c.header('Allow', methods.join(', '));
    throw new AppError('method_not_allowed', `Method "${c.req.method}" not allowed.`);
  };
}
