/** Stable codes by which clients distinguish errors (`code` in a problem document). */
export type ErrorCode =
  | 'malformed_request'
  | 'validation'
  | 'not_authenticated'
  | 'token_not_valid'
  | 'no_active_account'
  | 'forbidden'
  | 'csrf_failed'
  | 'not_found'
  | 'method_not_allowed'
  | 'wrong_state'
  | 'task_deleted'
  | 'stale_version'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'key_reused'
  | 'too_many_requests'
  | 'too_many_tasks'
  | 'too_much_data'
  | 'no_worker'
  | 'identity_provider_unavailable'
  | 'accounts_unavailable'
  | 'temporal_unavailable'
  | 'internal';

/** A rejected field: a JSON pointer (RFC 6901) into the request body, or `?name` for a query parameter. */
export interface FieldError {
  readonly pointer: string;
  readonly message: string;
}

/** An error with a meaning for the caller. Every other error is reported as `internal`. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly errors: readonly FieldError[];
  /** Delay after which a retry makes sense, in seconds. */
  readonly retryAfterSeconds: number | undefined;
  /** Text that the previous service had for this error, if it was another one. */
  readonly formerMessage: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      cause?: unknown;
      errors?: readonly FieldError[];
      retryAfterSeconds?: number;
      formerMessage?: string | undefined;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.errors = options.errors ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.formerMessage = options.formerMessage;
  }
}

/**
 * Returns the same error for an unknown id and for another owner's, so that callers cannot distinguish the two.
 * @param kind What the id stands for.
 */
export function notFound(kind = 'Task'): AppError {
  return new AppError('not_found', `No ${kind} matches the given query.`);
}

/** Returns the error for a request beyond an account's allowance of requests per minute. */
export function tooManyRequests(perMinute: number, allowedInSeconds: number): AppError {
  return new AppError('too_many_requests', `More than ${perMinute} requests a minute.`, {
    retryAfterSeconds: Math.max(1, allowedInSeconds),
  });
}

/** Returns the error for a request when too many of its kind are in progress. */
export function tooManyAtOnce(options: { cause?: unknown } = {}): AppError {
  const message = 'Too many requests of this kind at once.';
  return new AppError('too_many_requests', message, { ...options, retryAfterSeconds: 1 });
}

/** Returns the error for fields that were rejected. */
export function invalidFields(errors: readonly FieldError[]): AppError {
  return new AppError('validation', 'The request is invalid.', { errors });
}

export function invalidField(pointer: string, message: string): AppError {
  return invalidFields([{ pointer, message }]);
}

/** Returns the error for a request that the state of its task does not allow. */
export function wrongState(message: string): AppError {
  return new AppError('wrong_state', message);
}

/** Returns what the promise resolves to, or undefined if it rejects with `not_found`. */
export async function ifFound<T>(lookup: Promise<T>): Promise<T | undefined> {
  try {
    return await lookup;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export function isNotFound(error: unknown): boolean {
  return error instanceof AppError && error.code === 'not_found';
}
