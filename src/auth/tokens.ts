import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { z } from 'zod';
import type { Account, Accounts } from './accounts.ts';
import { deriveKey } from './keys.ts';
import { allScopes, type Principal } from './principal.ts';
import { issuer, readSigned } from './read-signed.ts';
import { invalidToken } from './rejections.ts';

/** Signs and checks JSON Web Tokens like the previous service's (djangorestframework-simplejwt's claims, HS256). */
export interface Tokens {
  issue(account: Account): Promise<{ access: string; refresh: string }>;
  /** Issues a new access token; the refresh token stays valid until it expires. @throws AppError token_not_valid */
  refresh(refreshToken: string): Promise<{ account: Account; access: string }>;
  /** @throws AppError token_not_valid */
  verifyAccess(accessToken: string): Promise<Principal>;
}

type TokenType = 'access' | 'refresh';

const lifetimeSeconds = { access: 15 * 60, refresh: 24 * 60 * 60 };
const audience = 'taskbell';

const claimsSchema = z.object({
  token_type: z.enum(['access', 'refresh']),
  sub: z.uuid(),
  jti: z.string(),
  gen: z.int(),
  exp: z.int(),
});

interface Dependencies {
  readonly secret: string;
  readonly accounts: Pick<Accounts, 'find' | 'refresh'>;
  readonly now?: () => number;
}

/** @throws {RangeError} if the secret is too short. */
export function createTokens({ secret, accounts, now = Date.now }: Dependencies): Tokens {
  const key = deriveKey(secret, 'tokens');
  const kind = { key, audience, schema: claimsSchema, requiredClaims: ['exp', 'iat'], now };

  function sign(type: TokenType, account: Account): Promise<string> {
    const issuedAt = Math.floor(now() / 1000);
    return new SignJWT({ token_type: type, user_id: account.id, gen: account.generation })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setSubject(account.id)
      .setJti(randomUUID())
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + lifetimeSeconds[type])
      .sign(key);
  }

  async function verify(token: string, type: TokenType) {
    const rejectedAs = type === 'refresh' ? 'refresh' : 'credential';
    const claims = await readSigned(token, { ...kind, rejectedAs });
    if (claims.token_type !== type) throw invalidToken(rejectedAs, `not a token of type ${type}`);
    const account = await currentAccount(accounts, claims.sub, claims.gen);
    if (account === undefined) throw invalidToken(rejectedAs, 'the account was deleted or changed');
    return { account, expiresAt: claims.exp * 1000 };
  }

  return {
    async issue(account) {
      return { access: await sign('access', account), refresh: await sign('refresh', account) };
    },
    async refresh(refreshToken) {
      const { account } = await verify(refreshToken, 'refresh');
      return { account, access: await sign('access', account) };
    },
    async verifyAccess(accessToken) {
      const { account, expiresAt } = await verify(accessToken, 'access');
      return { ...account, scopes: allScopes, credential: { type: 'token' }, expiresAt };
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
