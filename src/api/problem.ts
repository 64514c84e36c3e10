import { randomUUID } from 'node:crypto';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { STATUS_CODES } from 'node:http';
import type { Logger } from 'pino';
import { AppError, type ErrorCode, type FieldError } from '../contract/errors.ts';
import type { Problem } from '../contract/problem.ts';
import { rawPath } from './raw-path.ts';
import { errorMessage } from '../lib/error-message.ts';

/** The HTTP status of each error code. */
export const statusOf: Record<ErrorCode, number> = {
  malformed_request: 400,
  validation: 400,
  not_authenticated: 401,
  token_not_valid: 401,
  no_active_account: 401,
  forbidden: 403,
  csrf_failed: 403,
  not_found: 404,
  method_not_allowed: 405,
  wrong_state: 409,
  task_deleted: 410,
  stale_version: 412,
  payload_too_large: 413,
  unsupported_media_type: 415,
  key_reused: 422,
  too_many_requests: 429,
  too_many_tasks: 429,
  too_much_data: 429,
  internal: 500,
  no_worker: 503,
  identity_provider_unavailable: 503,
  accounts_unavailable: 503,
  temporal_unavailable: 503,
};

/** Fields whose errors clients of the previous service read as `{"FIELD": ["message"]}`. */
const formerFields: ReadonlySet<string> = new Set([
  'name',
  'description',
  'scheduled_time',
  'username',
  'password',
  'refresh',
]);

/** Maximum number of errors reported. A body can have one for every byte, and no one reads more than this. */
const maxErrors = 50;

/** Describes any error to a client. An unexpected error reveals nothing internal; its cause belongs in the log. */
export function problemOf(error: unknown, requestId: string): Problem {
  const known = asAppError(error);
  const status = statusOf[known.code];
  const title = STATUS_CODES[status] ?? 'Error';
  const headers: Record<string, string> = {};
  if (status === 401) headers['WWW-Authenticate'] = 'Bearer realm="api"';
  if (known.retryAfterSeconds !== undefined) headers['Retry-After'] = String(known.retryAfterSeconds);
  return {
    status,
    headers,
    body: {
      ...formerMembers(known),
      type: 'about:blank',
      title,
      status,
      detail: known.message,
      code: known.code,
      ...(known.errors.length > 0 ? { errors: known.errors.slice(0, maxErrors) } : {}),
      request_id: requestId,
    },
  };
}

/** Describes an error of a request that does not reach the app, with all headers of the response. */
export function problemOutsideApp(error: unknown): Problem {
  const requestId = randomUUID();
  const problem = problemOf(error, requestId);
  const own = { ...problem.headers, 'Content-Type': 'application/problem+json' };
  return { ...problem, headers: { ...headersOutsideApp(requestId), ...own } };
}

/** Returns the headers that the app would have added to a response. */
export function headersOutsideApp(requestId: string): Readonly<Record<string, string>> {
  return { 'X-Request-Id': requestId, 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };
}

/** Returns the `onError` handler of the whole application. */
export function problemResponse(logger: Logger) {
  return (error: unknown, c: Context): Response => {
    const requestId = c.res.headers.get('X-Request-Id') ?? randomUUID();
    const { status, body, headers } = problemOf(error, requestId);
    if (status === 500) logger.error({ err: error, requestId, path: rawPath(c) }, 'request failed');
    else if (status > 500)
      logger.warn(
        { reason: reasonOf(error), requestId, path: rawPath(c) },
        'request failed: service unavailable',
      );
    // The headers of every response, and Allow: Hono keeps them only if more than one handler was involved.
    const all = new Headers(c.res.headers);
    const own = { ...headers, 'Content-Type': 'application/problem+json', 'X-Request-Id': requestId };
    for (const [name, value] of Object.entries(own)) all.set(name, value);
    return new Response(JSON.stringify(body), { status, headers: all });
  };
}

/** Returns the cause of an outage in one line: it is not a bug, so the log needs no stack. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return errorMessage(cause);
}

/** Translates the errors of Hono. All others that are not ours are defects. */
function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof HTTPException && error.status === 413) {
    return new AppError('payload_too_large', 'The request body is too large.', { cause: error });
  }
  if (error instanceof HTTPException && error.status === 400) {
    return new AppError('malformed_request', error.message, { cause: error });
  }
  return new AppError('internal', 'Something went wrong on our side.', { cause: error });
}

/** Returns the members that the previous service had in its errors, for its clients. */
function formerMembers({ code, message, formerMessage, errors }: AppError): Record<string, unknown> {
  if (code === 'wrong_state') return { error: formerMessage ?? message };
  const members: Record<string, string[]> = {};
  for (const { pointer, message: text } of errors) {
    const field = formerField(pointer);
    if (field !== undefined) members[field] = [...(members[field] ?? []), text];
  }
  return members;
}

function formerField(pointer: FieldError['pointer']): string | undefined {
  const field = pointer.slice(1);
  return formerFields.has(field) ? field : undefined;
}
