import { InvalidToken, type Principal, type Tokens } from './tokens.ts';

export type AuthenticationErrorCode = 'not_authenticated' | 'bad_authorization_header' | 'token_not_valid';

const DETAILS: Record<AuthenticationErrorCode, string> = {
  not_authenticated: 'Authentication credentials were not provided.',
  bad_authorization_header: 'Authorization header must contain two space-delimited values',
  token_not_valid: 'Given token not valid for any token type',
};

/**
 * The request is not authenticated: 401. `message` is the response's detail and `code` its code, both in the words of
 * the service before.
 */
export class AuthenticationError extends Error {
  override readonly name = 'AuthenticationError';

  readonly code: AuthenticationErrorCode;

  constructor(code: AuthenticationErrorCode, options?: ErrorOptions) {
    super(DETAILS[code], options);
    this.code = code;
  }
}

/** Tells who a request comes from by its Authorization header. @throws {AuthenticationError} */
export type Authenticate = (authorizationHeader: string | undefined) => Promise<Principal>;

/** `Bearer TOKEN`, in any case; no header and other schemes count as no credentials, as before. */
export function createAuthenticate({ tokens }: { tokens: Pick<Tokens, 'verifyAccess'> }): Authenticate {
  return async (authorizationHeader = '') => {
    const [scheme = '', token, ...more] = authorizationHeader.trim().split(/\s+/);
    if (scheme.toLowerCase() !== 'bearer') throw new AuthenticationError('not_authenticated');
    if (token === undefined || more.length > 0) throw new AuthenticationError('bad_authorization_header');
    try {
      return await tokens.verifyAccess(token);
    } catch (error) {
      if (error instanceof InvalidToken) throw new AuthenticationError('token_not_valid', { cause: error });
      throw error;
    }
  };
}
