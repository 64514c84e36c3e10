/**
 * Errors for rejected credentials. Their texts are the responses' details, some of them from the previous
 * service.
 */
import { AppError, tooManyAtOnce } from '../contract/errors.ts';
import { errorMessage } from '../lib/error-message.ts';
import { FileLockLost, FileLockTimeout } from '../lib/file-lock.ts';
import { Busy } from '../lib/limiter.ts';

export function notAuthenticated(message = 'Authentication credentials were not provided.'): AppError {
  return new AppError('not_authenticated', message);
}

/** Returns the error for a sign-in where an identity provider has the accounts. */
export function noLocalAccounts(): AppError {
  return new AppError('not_found', 'Tokens are issued by the identity provider, not by this service.');
}

/**
 * What a caller learns when a token of each kind is rejected. `credential` stands for whatever authenticates
 * an account.
 */
const details = {
  credential: 'Given token not valid for any token type',
  refresh: 'Token is invalid',
  ticket: 'The ticket is invalid, expired or already used.',
  link: 'The link is invalid, expired or already used.',
} as const;
export type TokenKind = keyof typeof details;

/**
 * Returns the error for a token that is not valid. @param reason Not sent to the caller: it becomes the cause
 * of the error.
 */
export function invalidToken(kind: TokenKind, reason: string, options?: ErrorOptions): AppError {
  return new AppError('token_not_valid', details[kind], { cause: new Error(reason, options) });
}

/** Returns why a credential was rejected, which its sender does not learn. */
export function reasonOf(error: unknown): string {
  return errorMessage(error instanceof AppError ? (error.cause ?? error) : error);
}

/** Returns what the promise resolves to, or undefined if it rejects with `token_not_valid`. */
export async function ifValid<T>(verification: Promise<T>): Promise<T | undefined> {
  try {
    return await verification;
  } catch (error) {
    if (error instanceof AppError && error.code === 'token_not_valid') return undefined;
    throw error;
  }
}

/** Throws too_many_requests if a limiter was busy, and any other error unchanged. */
export function rejectBusy(error: unknown): never {
  throw error instanceof Busy ? tooManyAtOnce({ cause: error }) : error;
}

/**
 * Throws accounts_unavailable if the lock of a file was not free in time or was lost, in which case nothing has been
 * written, and any other error unchanged.
 */
export function rejectLocked(error: unknown): never {
  if (!(error instanceof FileLockTimeout || error instanceof FileLockLost)) throw error;
  const message = 'A file of the accounts is locked by another process. Try again.';
  throw new AppError('accounts_unavailable', message, { cause: error, retryAfterSeconds: 5 });
}
