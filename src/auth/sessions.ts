import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Account } from './accounts.ts';
import type { EndedCredentials } from './ended-credentials.ts';
import { deriveKey } from './keys.ts';
import { allScopes, type Principal } from './principal.ts';
import { createSigned, type SignedClaims } from './signed.ts';
import type { CredentialStatus } from './credential-status.ts';
import { invalidToken } from './rejections.ts';

/** Lifetime of a session from sign-in, regardless of activity, in milliseconds. */
export const sessionLifetimeMs = 12 * 60 * 60 * 1000;

type SessionCredential = Extract<Principal['credential'], { type: 'session' }>;

/** A sign-in by cookie. */
export interface Session {
  readonly principal: Principal & { readonly credential: SessionCredential; readonly expiresAt: number };
  /** Sent by our own pages with every request that writes; another site's pages cannot read it. */
  readonly csrfToken: string;
}

/**
 * The dashboard's sessions. They are signed, and valid for twelve hours, or until sign-out or a change of the
 * account.
 */
export interface Sessions {
  /** @returns the session, and the cookie's value. */
  start(account: Account): Promise<{ session: Session; cookie: string }>;
  /**
   * @throws AppError token_not_valid if it is malformed, forged, expired or signed out, or its account was
   * deleted or changed.
   */
  verify(cookie: string): Promise<Session>;
  /** Signs out, in all API processes that share the files, within about a second. */
  end(session: Session): Promise<void>;
}

interface Dependencies {
  readonly secret: string;
  /** Returns the account, if it has this generation. */
  readonly accountOf: (id: string, generation: number) => Promise<Account | undefined>;
  readonly credentialStatus: Pick<CredentialStatus, 'confirm'>;
  readonly endedSessions: Pick<EndedCredentials, 'add'>;
  readonly now?: () => number;
}

/** @throws {RangeError} if the secret is too short. */
export function createSessions(dependencies: Dependencies): Sessions {
  const { secret, accountOf, credentialStatus, endedSessions, now = Date.now } = dependencies;
  const signed = createSigned({
    secret,
    purpose: 'sessions',
    rejectedAs: 'credential',
    lifetimeMs: sessionLifetimeMs,
    now,
  });
  const csrfKey = deriveKey(secret, 'csrf');

  function sessionOf(account: Account, { jti, exp, started_at }: SignedClaims): Session {
    const credential = { type: 'session', id: jti, started_at } as const;
    const csrfToken = createHmac('sha256', csrfKey).update(jti).digest('base64url');
    return { principal: { ...account, scopes: allScopes, credential, expiresAt: exp * 1000 }, csrfToken };
  }

  return {
    async start(account) {
      const { text, claims } = await signed.issue(account);
      return { session: sessionOf(account, claims), cookie: text };
    },
    async verify(cookie) {
      const claims = await signed.read(cookie);
      const account = await accountOf(claims.sub, claims.gen);
      if (account === undefined) throw invalidToken('credential', 'the account was deleted or changed');
      const session = sessionOf(account, claims);
      if (!(await credentialStatus.confirm(session.principal)))
        throw invalidToken('credential', 'signed out');
      return session;
    },
    async end({ principal: { id, credential, expiresAt } }) {
      await endedSessions.add(id, credential, expiresAt);
    },
  };
}

/** Compares in constant time, whatever the length of `given`. */
export function isCsrfTokenOf({ csrfToken }: Session, given: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(csrfToken));
}
