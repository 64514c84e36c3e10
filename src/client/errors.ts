import type { FieldError } from '../contract/errors.ts';

interface Facts {
  readonly status: number;
  readonly code: string;
  readonly errors?: readonly FieldError[];
  readonly requestId?: string | undefined;
  readonly retryAfterSeconds?: number | undefined;
  readonly cause?: unknown;
}

/** Thrown when Taskbell rejects a request, or cannot be reached. */
export class TaskbellError extends Error {
  override readonly name = 'TaskbellError';
  /** HTTP status; 0 if there was no response. */
  readonly status: number;
  /**
   * Stable error code: `validation`, `wrong_state`, `not_found`, …; `unreachable` if there was no response from
   * Taskbell, `unknown` if a proxy rejected the request.
   */
  readonly code: string;
  /** Errors of single fields, by JSON pointer. */
  readonly errors: readonly FieldError[];
  /** Id of the request, to report to the service's operator. */
  readonly requestId: string | undefined;
  /** Delay after which a retry makes sense, in seconds. */
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, { status, code, errors = [], requestId, retryAfterSeconds, cause }: Facts) {
    super(message, { cause });
    this.status = status;
    this.code = code;
    this.errors = errors;
    this.requestId = requestId;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Reads the error of a response other than 2xx: a problem document, or whatever a proxy has sent instead. */
export async function errorOf(response: Response): Promise<TaskbellError> {
  const problem = asObject(await response.json().catch(() => null));
  const { detail, code, errors, request_id } = problem;
  const retryAfter = secondsUntil(response.headers.get('Retry-After'));
  const message = typeof detail === 'string' ? detail : `Taskbell responded with status ${response.status}`;
  return new TaskbellError(message, {
    status: response.status,
    code: typeof code === 'string' ? code : 'unknown',
    // Taskbell's own problem documents have errors of this shape.
    errors: Array.isArray(errors) ? (errors as FieldError[]) : [],
    requestId: typeof request_id === 'string' ? request_id : undefined,
    retryAfterSeconds: Number.isNaN(retryAfter) ? undefined : Math.max(0, retryAfter),
  });
}

/** Returns the delay in a Retry-After header, which is a number or, from some proxies, a date. */
function secondsUntil(retryAfter: string | null): number {
  const seconds = Number(retryAfter ?? Number.NaN);
  return Number.isNaN(seconds) ? (Date.parse(retryAfter ?? '') - Date.now()) / 1000 : seconds;
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
