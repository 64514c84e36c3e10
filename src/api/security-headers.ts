/** Security headers: what browsers may do with our responses. */
import { secureHeaders } from 'hono/secure-headers';

const common = { referrerPolicy: 'no-referrer', xFrameOptions: 'DENY' } as const;

/** Headers for data: nothing in it may be run or rendered. @param readByOthers CORS lets other origins read it. */
export function apiHeaders({ readByOthers }: { readByOthers: boolean }) {
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
export function pageHeaders() {
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
