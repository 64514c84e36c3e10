import type { Context, MiddlewareHandler } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { assertScope, type Scope } from '../auth/principal.ts';
import { ifValid, noLocalAccounts, notAuthenticated } from '../auth/rejections.ts';
import { isSameOrigin } from '../auth/same-origin.ts';
import { isCsrfTokenOf, type Session } from '../auth/sessions.ts';
import { AppError } from '../contract/errors.ts';
import type { KnownSession } from '../contract/pages.ts';
import type { CallerAddressOf } from './caller-address.ts';
import type { ApiDependencies, ApiEnv } from './types.ts';

/** Access control: the middleware in front of every route that needs an account. */
export interface Access {
  /** Requires a valid Authorization header, or else a session cookie. Sets `principal`. */
  readonly requirePrincipal: MiddlewareHandler<ApiEnv>;
  /** Requires a valid session cookie, and that there are local accounts. Sets `session` and `principal`. */
  readonly requireSession: MiddlewareHandler<ApiEnv>;
  /** Requires a scope of the principal. @param scope By default, the method decides. */
  requireScope(scope?: Scope): MiddlewareHandler<ApiEnv>;
  /** @throws AppError csrf_failed if the request comes from another site's page. */
  assertSameOrigin(c: Context<ApiEnv>): void;
  /** Returns the session of the cookie sent by one of our own pages, if it is valid. Ignores the CSRF token. */
  readSessionCookie(c: Context<ApiEnv>): Promise<Session | undefined>;
  /** Returns what a request shows of its sender's session, before the session is checked. */
  knownSession(c: Context<ApiEnv>): KnownSession;
  setSessionCookie(c: Context<ApiEnv>, value: string, expiresAt: number): void;
  clearSessionCookie(c: Context<ApiEnv>): void;
}

const reads: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

export function createAccess(
  { authenticate, localAccounts }: Pick<ApiDependencies, 'authenticate' | 'localAccounts'>,
  callerAddressOf: CallerAddressOf,
): Access {
  // The prefix stops pages on sibling domains, or on plain http, from replacing the cookie with their own.
  const cookieName = (c: Context<ApiEnv>): string =>
    callerAddressOf(c).isSecure ? '__Host-taskbell_session' : 'taskbell_session';

  async function sessionOf(c: Context<ApiEnv>): Promise<Session> {
    const cookie = getCookie(c, cookieName(c));
    if (cookie === undefined || !localAccounts) throw notAuthenticated();
    const session = await localAccounts.sessions.verify(cookie);
    if (!reads.has(c.req.method)) assertOwnPage(c, session);
    return session;
  }

  /**
   * Rejects requests of other sites' pages: browsers send the cookie from any page, but only ours know the
   * CSRF token.
   */
  function assertOwnPage(c: Context<ApiEnv>, session: Session): void {
    assertSameOrigin(c);
    if (isCsrfTokenOf(session, c.req.header('X-CSRF-Token') ?? '')) return;
    throw new AppError('csrf_failed', 'X-CSRF-Token is missing or does not match the session.');
  }

  function assertSameOrigin(c: Context<ApiEnv>): void {
    const [origin, host, fetchSite] = ['Origin', 'Host', 'Sec-Fetch-Site'].map((name) => c.req.header(name));
    if (isSameOrigin({ origin, host, fetchSite, isSecure: callerAddressOf(c).isSecure })) return;
    throw new AppError('csrf_failed', 'Cross-site requests are not allowed.');
  }

  return {
    assertSameOrigin,
    async requirePrincipal(c, next) {
      const authorization = c.req.header('Authorization');
      const principal =
        authorization === undefined ? (await sessionOf(c)).principal : await authenticate(authorization);
      c.set('principal', principal);
      await next();
    },
    async requireSession(c, next) {
      // Rather than 401, since no sign-in could help: the dashboard says so.
      if (!localAccounts) throw noLocalAccounts();
      const session = await sessionOf(c);
      c.set('session', session);
      c.set('principal', session.principal);
      await next();
    },
    requireScope: (scope) => (c, next) => {
      assertScope(c.get('principal'), scopeOf(c.req.method, scope));
      return next();
    },
    async readSessionCookie(c) {
      const cookie = getCookie(c, cookieName(c));
      if (cookie === undefined || !localAccounts) return undefined;
      return ifValid(localAccounts.sessions.verify(cookie));
    },
    knownSession(c) {
      if (!localAccounts) return 'elsewhere';
      const isMissing = getCookie(c, cookieName(c)) === undefined;
      return isMissing && bringsStrictCookies(c) ? 'none' : 'unknown';
    },
    setSessionCookie(c, value, expiresAt) {
      const maxAge = Math.max(0, Math.floor((expiresAt - Date.now()) / 1000));
      setCookie(c, cookieName(c), value, { ...attributes(c), maxAge });
    },
    clearSessionCookie(c) {
      deleteCookie(c, cookieName(c), attributes(c));
    },
  };

  function attributes(c: Context<ApiEnv>) {
    // The origin shows it even if the proxy with TLS is not trusted. Not always secure: browsers reject such a cookie
    // from a service that is used over plain http under another name than localhost.
    const isOriginSecure = c.req.header('Origin')?.toLowerCase().startsWith('https:') ?? false;
    const secure = callerAddressOf(c).isSecure || isOriginSecure;
    return { path: '/', httpOnly: true, sameSite: 'Strict', secure } as const;
  }
}

/**
 * Returns whether a browser would have sent the session's cookie: it leaves it out if a link on another site was followed.
 * Browsers say so only to services with TLS or on the same machine.
 */
function bringsStrictCookies(c: Context<ApiEnv>): boolean {
  return ['none', 'same-origin', 'same-site'].includes(c.req.header('Sec-Fetch-Site') ?? '');
}

/** Returns the scope that a request needs: what its route declares, or `read` if it changes nothing, else `write`. */
export function scopeOf(method: string, declared?: Scope): Scope {
  return declared ?? (reads.has(method) ? 'read' : 'write');
}
