/** The stable words by which a client tells one refusal from another (`code` in a problem document). */
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
  | 'stale_version'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'key_reused'
  | 'too_many_requests'
  | 'too_many_tasks'
  | 'no_worker'
  | 'identity_provider_unavailable'
  | 'temporal_unavailable'
  | 'internal';

/** One field that was refused, by JSON pointer (RFC 6901) into the request's body, or `?name` for a query parameter. */
export interface FieldError {
  readonly pointer: string;
  readonly message: string;
}

/** A refusal or failure that has a meaning for the caller. Everything else is `internal`. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly errors: readonly FieldError[];
  /** When another try makes sense. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; errors?: readonly FieldError[]; retryAfterSeconds?: number } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.errors = options.errors ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** The answer to an unknown id and to another owner's alike, so that neither can be told from the other. */
export function notFound(): AppError {
  return new AppError('not_found', 'No Task matches the given query.');
}

/** What is looked for; undefined where it is not found. */
export async function ifFound<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export function isNotFound(error: unknown): boolean {
  return error instanceof AppError && error.code === 'not_found';
}
