import { createHash, createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { Account } from './accounts.ts';
import { type EndedSessions, type SessionCredential, sessionLifetimeMs } from './ended-sessions.ts';
import { deriveKey } from './keys.ts';
import { allScopes, type Principal } from './principal.ts';
import type { Standing } from './standing.ts';
import { InvalidToken } from './tokens.ts';

/** Somebody who is signed in by cookie. */
export interface Session {
  readonly principal: Principal & { readonly credential: SessionCredential; readonly expiresAt: number };
  /** What a page of ours sends along with everything that writes; a page of another site cannot read it. */
  readonly csrfToken: string;
}

/** The dashboard's sessions: signed, good for twelve hours, ended before only by signing out or with the account. */
export interface Sessions {
  /** @returns the session, and the cookie's value. */
  start(account: Account): Promise<{ session: Session; cookie: string }>;
  /** @throws {InvalidToken} malformed, forged, expired, signed out, or its account is gone or changed. */
  verify(cookie: string): Promise<Session>;
  /** Signs out: in all API processes that share the files, within about a second. */
  end(session: Session): Promise<void>;
}

const ISSUER = 'taskbell';
const AUDIENCE = 'taskbell-session';
const MAX_LENGTH = 2_048;

const claimsSchema = z.object({
  sub: z.uuid(),
  jti: z.uuid(),
  gen: z.int(),
  exp: z.int(),
  /** In milliseconds since 1970; `iat` has seconds alone. */
  started_at: z.int(),
});
type Claims = z.infer<typeof claimsSchema>;

interface Dependencies {
  readonly secret: string;
  /** The account of this generation. */
  readonly accountOf: (id: string, generation: number) => Promise<Account | undefined>;
  readonly standing: Pick<Standing, 'confirm'>;
  readonly endedSessions: Pick<EndedSessions, 'add'>;
  readonly now?: () => number;
}

/** @throws {RangeError} the secret is too short. */
export function createSessions(dependencies: Dependencies): Sessions {
  const { secret, accountOf, standing, endedSessions, now = Date.now } = dependencies;
  const key = deriveKey(secret, 'sessions');
  const csrfKey = deriveKey(secret, 'csrf');

  function sessionOf(account: Account, { jti, exp, started_at }: Claims): Session {
    const credential = { type: 'session', id: jti, started_at } as const;
    const csrfToken = createHmac('sha256', csrfKey).update(jti).digest('base64url');
    return { principal: { ...account, scopes: allScopes, credential, expiresAt: exp * 1000 }, csrfToken };
  }

  async function readClaims(cookie: string): Promise<Claims> {
    if (cookie.length > MAX_LENGTH) throw new InvalidToken('too long');
    try {
      const options = { algorithms: ['HS256'], typ: 'JWT', issuer: ISSUER, audience: AUDIENCE };
      const { payload } = await jwtVerify(cookie, key, { ...options, currentDate: new Date(now()) });
      return claimsSchema.parse(payload);
    } catch (error) {
      if (!(error instanceof errors.JOSEError || error instanceof z.ZodError)) throw error;
      throw new InvalidToken(error.message, { cause: error });
    }
  }

  return {
    async start(account) {
      const started_at = now();
      const exp = Math.floor((started_at + sessionLifetimeMs) / 1000);
      const jti = randomUUID();
      const cookie = await new SignJWT({ gen: account.generation, started_at })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setSubject(account.id)
        .setJti(jti)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setExpirationTime(exp)
        .sign(key);
      const claims = { sub: account.id, jti, gen: account.generation, exp, started_at };
      return { session: sessionOf(account, claims), cookie };
    },
    async verify(cookie) {
      const claims = await readClaims(cookie);
      const account = await accountOf(claims.sub, claims.gen);
      if (account === undefined) throw new InvalidToken('the account is gone or has changed');
      const session = sessionOf(account, claims);
      if (!(await standing.confirm(session.principal))) throw new InvalidToken('signed out');
      return session;
    },
    end: ({ principal: { id, credential, expiresAt } }) => endedSessions.add(id, credential, expiresAt),
  };
}

/** In constant time, whatever was given. */
export function isCsrfTokenOf({ csrfToken }: Session, given: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(csrfToken));
}
