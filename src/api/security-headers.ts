/** What browsers may make of our answers. */
import { secureHeaders } from 'hono/secure-headers';

const common = { referrerPolicy: 'no-referrer', xFrameOptions: 'DENY' } as const;

/** Data: nothing in it is to be run or shown. @param readByOthers pages of other origins may read it, as CORS says. */
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

/** Our own pages: they run our own files alone, and talk to nobody else. */
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
