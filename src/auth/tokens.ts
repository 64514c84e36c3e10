import { randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { Account, Accounts } from './accounts.ts';
import { deriveKey } from './keys.ts';
import { allScopes, type Principal } from './principal.ts';

/** The token is malformed, forged, expired, of the other type, or its account is gone or changed; `cause` tells. */
export class InvalidToken extends Error {
  override readonly name = 'InvalidToken';
}

/** Signs and checks the JSON Web Tokens of the service before (djangorestframework-simplejwt's claims, HS256). */
export interface Tokens {
  issue(account: Account): Promise<{ access: string; refresh: string }>;
  /** A new access token; the refresh token stays good until its own end. @throws {InvalidToken} */
  refresh(refreshToken: string): Promise<{ access: string }>;
  /** @throws {InvalidToken} */
  verifyAccess(accessToken: string): Promise<Principal>;
}

type TokenType = 'access' | 'refresh';

const LIFETIME_SECONDS = { access: 15 * 60, refresh: 24 * 60 * 60 };
const ISSUER = 'taskbell';
const AUDIENCE = 'taskbell';
/** Ours have about 500 characters; nothing is spent on parsing more. */
const MAX_LENGTH = 2_048;

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

/** @throws {RangeError} the secret is too short. */
export function createTokens({ secret, accounts, now = Date.now }: Dependencies): Tokens {
  const key = deriveKey(secret, 'tokens');

  function sign(type: TokenType, account: Account): Promise<string> {
    const issuedAt = Math.floor(now() / 1000);
    return new SignJWT({ token_type: type, user_id: account.id, gen: account.generation })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setSubject(account.id)
      .setJti(randomUUID())
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + LIFETIME_SECONDS[type])
      .sign(key);
  }

  async function verify(token: string, type: TokenType) {
    const claims = await readClaims(token);
    if (claims.token_type !== type) throw new InvalidToken(`not a token of type ${type}`);
    const account = await currentAccount(accounts, claims.sub, claims.gen);
    if (account === undefined) throw new InvalidToken('the account is gone or has changed');
    return { account, expiresAt: claims.exp * 1000 };
  }

  async function readClaims(token: string): Promise<z.infer<typeof claimsSchema>> {
    if (token.length > MAX_LENGTH) throw new InvalidToken('too long');
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: ['HS256'],
        typ: 'JWT',
        issuer: ISSUER,
        audience: AUDIENCE,
        requiredClaims: ['exp', 'iat'],
        currentDate: new Date(now()),
      });
      return claimsSchema.parse(payload);
    } catch (error) {
      if (!(error instanceof errors.JOSEError || error instanceof z.ZodError)) throw error;
      throw new InvalidToken(error.message, { cause: error });
    }
  }

  return {
    async issue(account) {
      return { access: await sign('access', account), refresh: await sign('refresh', account) };
    },
    async refresh(refreshToken) {
      const { account } = await verify(refreshToken, 'refresh');
      return { access: await sign('access', account) };
    },
    async verifyAccess(accessToken) {
      const { account, expiresAt } = await verify(accessToken, 'access');
      return { ...account, scopes: allScopes, credential: { type: 'token' }, expiresAt };
    },
  };
}

/**
 * The account, if its generation is this one. On a difference the users file is looked at again before refusing: another
 * API process may have signed in a user that this one has not heard of yet.
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
