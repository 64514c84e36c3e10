import { type ApiKeys, apiKeyPrefix, looksLikeApiKey } from './api-keys.ts';
import type { Principal } from './principal.ts';
import { limitReports } from './rejection-reports.ts';
import { notAuthenticated, reasonOf } from './rejections.ts';

/** Returns the caller of a request from its Authorization header. @throws AppError not_authenticated, token_not_valid */
export type Authenticate = (authorizationHeader: string | undefined) => Promise<Principal>;

interface Dependencies {
  /** Our own tokens, or those of an identity provider. */
  readonly tokens: { verifyAccess(accessToken: string): Promise<Principal> };
  /** undefined if there are no API keys: anything that looks like one is then an invalid token. */
  readonly keys?: Pick<ApiKeys, 'verify' | 'exists'> | undefined;
  /** Called with the public prefix of a rejected API key, and the reason: see rejection-reports.ts. */
  readonly onKeyRejected?: (prefix: string, reason: string) => void;
}

/**
 * Accepts `Bearer TOKEN`, with the scheme in upper or lower case; the token can be an API key. No header, or another
 * scheme, counts as no credentials, as in the previous service.
 */
export function createAuthenticate({ tokens, keys, onKeyRejected }: Dependencies): Authenticate {
  const reportKey = onKeyRejected && limitReports(onKeyRejected);
  return async (authorizationHeader = '') => {
    const [scheme = '', token, ...more] = authorizationHeader.trim().split(/\s+/);
    if (scheme.toLowerCase() !== 'bearer') throw notAuthenticated();
    if (token === undefined || more.length > 0)
      throw notAuthenticated('Authorization header must contain two space-delimited values');
    if (keys !== undefined && looksLikeApiKey(token)) {
      return keys.verify(token).catch((error: unknown) => {
        const [prefix, reason] = [apiKeyPrefix(token), reasonOf(error)];
        // Anyone can make up keys, but not the prefixes of real ones.
        reportKey?.(keys.exists(prefix) ? `${prefix} ${reason}` : reason, prefix, reason);
        throw error;
      });
    }
    return tokens.verifyAccess(token);
  };
}
