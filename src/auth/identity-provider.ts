import { createRemoteJWKSet, errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { AppError } from '../contract/errors.ts';
import { uuidFrom } from '../lib/uuid.ts';
import { allScopes, type Principal } from './principal.ts';
import { limitReports } from './rejection-reports.ts';
import { invalidToken } from './rejections.ts';

/** An identity provider, whose tokens replace local accounts. */
export interface IdentityProviderOptions {
  readonly jwksUrl: string;
  readonly issuer: string;
  readonly audience: string;
}

/** Accepted algorithms. All are asymmetric: with HS256, the provider's public key would be the secret. */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const timeoutDuration = 3_000;
/**
 * Minimum time between fetches of the keys for unknown key ids, in milliseconds: made-up ids must not flood
 * the provider.
 */
const cooldownDuration = 5_000;
/**
 * Time for which keys are cached, in milliseconds. A revoked key stays valid for this long, and the
 * provider may be unavailable for this long.
 */
const cacheMaxAge = 10 * 60_000;
const clockToleranceSeconds = 5;
const maxLength = 8_192;
const adminRole = 'taskbell-admin';

const claimsSchema = z.object({
  sub: z.string().min(1).max(255),
  exp: z.int(),
  // An unexpected value here loses the name or the role, but not the access.
  preferred_username: z.string().max(255).optional().catch(undefined),
  email: z.string().max(255).optional().catch(undefined),
  roles: z.array(z.string()).optional().catch(undefined),
});
type Claims = z.infer<typeof claimsSchema>;

/**
 * Checks access tokens of an identity provider by its published keys (RFC 7517), fetched with the first token.
 * @param onRejected called with the reason why a token is not valid, which its sender does not learn.
 */
export function createIdentityProvider(
  { jwksUrl, issuer, audience }: IdentityProviderOptions,
  onRejected: (reason: string) => void,
) {
  const report = limitReports(onRejected);

  /** @param kind of a set that the sender of a token cannot enlarge. */
  function rejected(kind: string, reason: string, options?: ErrorOptions): AppError {
    report(kind, reason);
    return invalidToken('credential', reason, options);
  }

  const remote = createRemoteJWKSet(new URL(jwksUrl), { timeoutDuration, cooldownDuration, cacheMaxAge });

  const keyOf: JWTVerifyGetKey = async (header, token) => {
    try {
      return await remote(header, token);
    } catch (error) {
      const isTokensFault =
        error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys;
      if (isTokensFault) throw error;
      // Without its keys, a token can be neither accepted nor rejected.
      throw new AppError('identity_provider_unavailable', 'The identity provider cannot be reached.', {
        cause: error,
        retryAfterSeconds: 5,
      });
    }
  };

  async function readClaims(token: string): Promise<Claims> {
    if (token.length > maxLength) throw rejected('too long', 'too long');
    try {
      const { payload } = await jwtVerify(token, keyOf, {
        algorithms,
        issuer,
        audience,
        requiredClaims: ['exp', 'sub'],
        clockTolerance: clockToleranceSeconds,
      });
      return claimsSchema.parse(payload);
    } catch (error) {
      if (error instanceof z.ZodError) throw rejected('claims', error.message, { cause: error });
      if (error instanceof errors.JOSEError) throw rejected(kindOf(error), error.message, { cause: error });
      throw error;
    }
  }

  return {
    /** @throws AppError token_not_valid, identity_provider_unavailable */
    async verifyAccess(token: string): Promise<Principal> {
      const claims = await readClaims(token);
      const id = uuidFrom(`identity\0${issuer}\0${claims.sub}`);
      return {
        id,
        name: nameOf(claims, id),
        role: claims.roles?.includes(adminRole) ? 'admin' : 'user',
        generation: 1,
        scopes: allScopes,
        credential: { type: 'identity-provider' },
        expiresAt: (claims.exp + clockToleranceSeconds) * 1000,
      };
    },
  };
}

/** Returns the kind of a token's fault, without the texts that the library quotes from the token. */
function kindOf(error: errors.JOSEError): string {
  const isAboutClaim = error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired;
  return isAboutClaim ? `${error.code} ${error.claim}` : error.code;
}

/**
 * Returns a name for people to read, and for a folder of data files. It ends with a part of the id, since at most
 * providers people can choose a name that another person has.
 */
function nameOf({ preferred_username, email, sub }: Claims, id: string): string {
  const readable = (preferred_username || email || sub).replaceAll(/[^A-Za-z0-9_.@+-]/g, '_').slice(0, 100);
  return `${readable}.${id.slice(0, 8)}${id.slice(9, 13)}`;
}
