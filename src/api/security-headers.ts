/** Security headers: what browsers may do with our responses. */
import type { MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { ApiEnv } from './types.ts';

const common = { referrerPolicy: 'no-referrer', xFrameOptions: 'DENY' } as const;

/** Marks a route that serves our own pages and their files; all others serve data. */
export const servesPage: MiddlewareHandler<ApiEnv> = (c, next) => {
  c.set('isPage', true);
  return next();
};

/**
 * Sets the security headers of every response. @param readByOthers Whether CORS lets other origins read data.
 */
export function securityHeaders({ readByOthers }: { readByOthers: boolean }): MiddlewareHandler<ApiEnv> {
  const forData = dataHeaders({ readByOthers });
  const forPages = pageHeaders();
  return async (c, next) => {
    await next();
    // The route that has responded is known only now.
    await (c.get('isPage') ? forPages : forData)(c, async () => undefined);
  };
}

/** Headers for data: nothing in it may be run or rendered. */
function dataHeaders({ readByOthers }: { readByOthers: boolean }) {
  return secureHeaders({
    ...common,
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
    },
    crossOriginResourcePolicy: readByOthers ? 'cross-origin' : 'same-origin',
  });
}

/** Headers for our own pages: they run only our own files and connect only to us. */
function pageHeaders() {
  return secureHeaders({
    ...common,
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      fontSrc: ["'self'"],
      connectSrc: ["'self'"],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
    },
  });
}
