import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { z } from 'zod';
import type { Account, Accounts } from './accounts.ts';
import type { EndedCredentials, StartedCredential } from './ended-credentials.ts';
import { deriveKey } from './keys.ts';
import { allScopes, type Principal } from './principal.ts';
import { createReadSigned, issuer } from './read-signed.ts';
import { invalidToken } from './rejections.ts';

/** Signs and checks JSON Web Tokens like the previous service's (djangorestframework-simplejwt's claims, HS256). */
export interface Tokens {
  issue(account: Account): Promise<{ access: string; refresh: string }>;
  /** Issues a new access token. The refresh token stays the same, and valid. @throws AppError token_not_valid */
  refresh(refreshToken: string): Promise<{ account: Account; access: string }>;
  /**
   * Ends a refresh token, and the access tokens of its pair and those that it has been exchanged for, in all API
   * processes that share the files, within about a second.
   * @param admit Called with the account before anything is written. What it throws is passed on.
   * @throws AppError token_not_valid, also if it has ended already.
   */
  end(refreshToken: string, admit?: (account: Account) => void): Promise<Account>;
  /** @throws AppError token_not_valid */
  verifyAccess(accessToken: string): Promise<Principal>;
}

type TokenType = 'access' | 'refresh';

const lifetimeSeconds = { access: 15 * 60, refresh: 24 * 60 * 60 };
/** Time after which no access token of a refresh token is valid: the last one can be issued in its last second. */
export const pairLifetimeMs = (lifetimeSeconds.refresh + lifetimeSeconds.access) * 1000;
const audience = 'taskbell';

const claimsSchema = z.object({
  token_type: z.enum(['access', 'refresh']),
  sub: z.uuid(),
  jti: z.uuid(),
  gen: z.int(),
  iat: z.int(),
  exp: z.int(),
  /** The `jti` of the refresh token that an access token ends with. */
  refresh_jti: z.uuid().optional(),
  /** When that refresh token was issued, in milliseconds since 1970; `iat` has only seconds. */
  started_at: z.int().optional(),
});

interface Dependencies {
  readonly secret: string;
  readonly accounts: Pick<Accounts, 'find' | 'refresh'>;
  readonly endedTokens: Pick<EndedCredentials, 'has' | 'add'>;
  readonly now?: () => number;
}

/** @throws {RangeError} if the secret is too short. */
export function createTokens({ secret, accounts, endedTokens, now = Date.now }: Dependencies): Tokens {
  const key = deriveKey(secret, 'tokens');
  const kind = { key, audience, schema: claimsSchema, requiredClaims: ['exp', 'iat'], now };
  const read = {
    access: createReadSigned({ ...kind, rejectedAs: 'credential' }),
    refresh: createReadSigned({ ...kind, rejectedAs: 'refresh' }),
  };

  function sign(type: TokenType, account: Account, { id, started_at }: StartedCredential): Promise<string> {
    const issuedAt = Math.floor(now() / 1000);
    const claims = { token_type: type, user_id: account.id, gen: account.generation, started_at };
    return new SignJWT(type === 'access' ? { ...claims, refresh_jti: id } : claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setSubject(account.id)
      .setJti(type === 'access' ? randomUUID() : id)
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + lifetimeSeconds[type])
      .sign(key);
  }

  async function verify(token: string, type: TokenType) {
    const rejectedAs = type === 'refresh' ? 'refresh' : 'credential';
    const claims = await read[type](token);
    if (claims.token_type !== type) throw invalidToken(rejectedAs, `not a token of type ${type}`);
    const account = await currentAccount(accounts, claims.sub, claims.gen);
    if (account === undefined) throw invalidToken(rejectedAs, 'the account was deleted or changed');
    return { account, claims };
  }

  async function verifyRefresh(refreshToken: string) {
    const { account, claims } = await verify(refreshToken, 'refresh');
    // Those of earlier versions have only `iat`.
    const { jti, iat, started_at = iat * 1000, exp } = claims;
    const refresh = { id: jti, started_at };
    if (endedTokens.has(account.id, refresh)) throw invalidToken('refresh', 'ended');
    return { account, refresh, expiresAt: exp * 1000 };
  }

  return {
    async issue(account) {
      const refresh = { id: randomUUID(), started_at: now() };
      return {
        access: await sign('access', account, refresh),
        refresh: await sign('refresh', account, refresh),
      };
    },
    async refresh(refreshToken) {
      const { account, refresh } = await verifyRefresh(refreshToken);
      return { account, access: await sign('access', account, refresh) };
    },
    async end(refreshToken, admit) {
      const { account, refresh, expiresAt } = await verifyRefresh(refreshToken);
      admit?.(account);
      // Its last access token can expire this much later.
      const forgetAt = expiresAt + lifetimeSeconds.access * 1000;
      const isFirst = await endedTokens.add(account.id, refresh, forgetAt);
      if (!isFirst) throw invalidToken('refresh', 'ended');
      return account;
    },
    async verifyAccess(accessToken) {
      const { account, claims } = await verify(accessToken, 'access');
      const { refresh_jti: id, started_at, exp } = claims;
      const refresh = id === undefined || started_at === undefined ? undefined : { id, started_at };
      if (endedTokens.has(account.id, refresh))
        throw invalidToken('credential', 'its refresh token was ended');
      const credential = { type: 'token', refresh } as const;
      return { ...account, scopes: allScopes, credential, expiresAt: exp * 1000 };
    },
  };
}

/**
 * Returns the account, if it has this generation. On a mismatch, checks the users file again first: another API process
 * may have signed in a user that this one doesn't know yet.
 */
export async function currentAccount(
  accounts: Pick<Accounts, 'find' | 'refresh'>,
  id: string,
  generation: number,
): Promise<Account | undefined> {
  const known = accounts.find(id);
  if (known?.generation === generation) return known;
  await accounts.refresh();
  const account = accounts.find(id);
  return account?.generation === generation ? account : undefined;
}
