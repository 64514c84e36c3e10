import { type ApiKeys, looksLikeApiKey } from './api-keys.ts';
import type { Principal } from './principal.ts';
import { InvalidToken } from './read-signed.ts';

export type AuthenticationErrorCode = 'not_authenticated' | 'bad_authorization_header' | 'token_not_valid';

const details: Record<AuthenticationErrorCode, string> = {
  not_authenticated: 'Authentication credentials were not provided.',
  bad_authorization_header: 'Authorization header must contain two space-delimited values',
  token_not_valid: 'Given token not valid for any token type',
};

/**
 * The request is not authenticated: 401. `message` is the response's detail. It and `code` are in the words of the
 * previous service.
 */
export class AuthenticationError extends Error {
  override readonly name = 'AuthenticationError';

  readonly code: AuthenticationErrorCode;

  constructor(code: AuthenticationErrorCode, options?: ErrorOptions) {
    super(details[code], options);
    this.code = code;
  }
}

/** Returns the caller of a request from its Authorization header. @throws {AuthenticationError} */
export type Authenticate = (authorizationHeader: string | undefined) => Promise<Principal>;

interface Dependencies {
  /** Our own tokens, or those of an identity provider. */
  readonly tokens: { verifyAccess(accessToken: string): Promise<Principal> };
  /** undefined if there are no API keys: anything that looks like one is then an invalid token. */
  readonly keys?: Pick<ApiKeys, 'verify'> | undefined;
}

/**
 * Accepts `Bearer TOKEN`, with the scheme in upper or lower case; the token can be an API key. No header, or another
 * scheme, counts as no credentials, as in the previous service.
 */
export function createAuthenticate({ tokens, keys }: Dependencies): Authenticate {
  return async (authorizationHeader = '') => {
    const [scheme = '', token, ...more] = authorizationHeader.trim().split(/\s+/);
    if (scheme.toLowerCase() !== 'bearer') throw new AuthenticationError('not_authenticated');
    if (token === undefined || more.length > 0) throw new AuthenticationError('bad_authorization_header');
    try {
      if (keys !== undefined && looksLikeApiKey(token)) return await keys.verify(token);
      return await tokens.verifyAccess(token);
    } catch (error) {
      if (error instanceof InvalidToken) throw new AuthenticationError('token_not_valid', { cause: error });
      throw error;
    }
  };
}
