import type { MiddlewareHandler } from 'hono';
import { AppError } from '../contract/errors.ts';
import type { Api, ApiEnv } from './types.ts';

interface Methods {
  /** Methods by path; finds only paths without parameters. */
  readonly exact: ReadonlyMap<string, readonly string[]>;
  readonly patterns: readonly { readonly pattern: RegExp; readonly methods: readonly string[] }[];
}

/** Collects the methods of all routes. */
function methodsOf(app: Api): Methods {
  const byPath = new Map<string, string[]>();
  for (const definition of app.openAPIRegistry.definitions) {
    if (definition.type !== 'route') continue;
    const { path, method } = definition.route;
    const methods = method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()];
    byPath.set(path, [...(byPath.get(path) ?? []), ...methods]);
  }
  const patterns = [...byPath]
    .filter(([path]) => path.includes('{'))
    .map(([path, methods]) => ({ pattern: patternOf(path), methods }));
  return { exact: byPath, patterns };
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`);
}

/**
 * Returns the methods that a path allows; undefined if there is no such path.
 * @param path as the router sees it, with or without its trailing slash.
 */
function allowed({ exact, patterns }: Methods, path: string): readonly string[] | undefined {
  const wanted = path.replace(/(.)\/$/, '$1');
  // A literal path takes precedence over one with parameters: `bulk` is not a task id.
  return exact.get(wanted) ?? patterns.find(({ pattern }) => pattern.test(wanted))?.methods;
}

/** Responds 405 for a method that a known path doesn't allow, before another route takes its last part for an id. */
export function refuseOtherMethods(app: Api): MiddlewareHandler<ApiEnv> {
  // Collected at the first request: the routes are declared after this.
  let known: Methods | undefined;
  return (c, next) => {
    known ??= methodsOf(app);
    const methods = allowed(known, c.req.path);
    if (!methods || methods.includes(c.req.method)) return next();
    c.header('Allow', methods.join(', '));
    throw new AppError('method_not_allowed', `Method "${c.req.method}" not allowed.`);
  };
}
