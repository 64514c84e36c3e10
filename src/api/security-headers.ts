/** Security headers: what browsers may do with our responses. */
import type { Context, MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { ApiEnv } from './types.ts';

const common = {
  referrerPolicy: 'no-referrer',
  xFrameOptions: 'DENY',
  strictTransportSecurity: false,
} as const;

/** Half a year. Without includeSubDomains: the services at names below ours may have no TLS, and aren't ours. */
const strictTransport = `max-age=${180 * 86_400}`;

/** Marks a route that serves our own pages and their files; all others serve data. */
export const servesPage: MiddlewareHandler<ApiEnv> = (c, next) => {
  c.set('isPage', true);
  return next();
};

interface Options {
  /** Whether CORS lets other origins read data. */
  readonly readByOthers: boolean;
  /** Returns whether a request came over https. */
  readonly isSecure: (c: Context<ApiEnv>) => boolean;
}

/** Sets the security headers of every response. */
export function securityHeaders({ readByOthers, isSecure }: Options): MiddlewareHandler<ApiEnv> {
  const forData = dataHeaders({ readByOthers });
  const forPages = pageHeaders();
  return async (c, next) => {
    await next();
    // The route that has responded is known only now.
    await (c.get('isPage') ? forPages : forData)(c, async () => undefined);
    if (isSecure(c)) c.header('Strict-Transport-Security', strictTransport);
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
