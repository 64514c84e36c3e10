import type { MiddlewareHandler } from 'hono';
import { AppError } from '../contract/errors.ts';
import type { Api, ApiEnv } from './types.ts';

interface Methods {
  /** By paths that are written out. */
  readonly exact: ReadonlyMap<string, readonly string[]>;
  readonly patterns: readonly { readonly pattern: RegExp; readonly methods: readonly string[] }[];
}

/** What the routes know. */
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
 * The methods that a path knows; undefined where there is no such path.
 * @param path as the router sees it, with or without its trailing slash.
 */
function allowed({ exact, patterns }: Methods, path: string): readonly string[] | undefined {
  const wanted = path.replace(/(.)\/$/, '$1');
  // A path that is written out goes before one with parameters: `bulk` is no task's id.
  return exact.get(wanted) ?? patterns.find(({ pattern }) => pattern.test(wanted))?.methods;
}

/** 405 for what a known path does not know, before another route takes its last part for an id. */
export function refuseOtherMethods(app: Api): MiddlewareHandler<ApiEnv> {
  // At the first request: the routes are declared after this.
  let known: Methods | undefined;
  return (c, next) => {
    known ??= methodsOf(app);
    const methods = allowed(known, c.req.path);
    if (!methods || methods.includes(c.req.method)) return next();
    c.header('Allow', methods.join(', '));
    throw new AppError('method_not_allowed', `Method "${c.req.method}" not allowed.`);
  };
}
