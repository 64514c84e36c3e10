import type { FieldError } from '../contract/errors.ts';

interface Facts {
  readonly status: number;
  readonly code: string;
  readonly errors?: readonly FieldError[];
  readonly requestId?: string | undefined;
  readonly retryAfterSeconds?: number | undefined;
  readonly cause?: unknown;
}

/** Taskbell refused a request, or could not be reached. */
export class TaskbellError extends Error {
  override readonly name = 'TaskbellError';
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  /**
   * A stable word to decide by: `validation`, `wrong_state`, `not_found`, …; `unreachable` without an answer of
   * Taskbell's, `unknown` where a proxy has refused it.
   */
  readonly code: string;
  /** What was wrong with which field, by JSON pointer. */
  readonly errors: readonly FieldError[];
  /** What to tell whoever looks after the service. */
  readonly requestId: string | undefined;
  /** When another try makes sense. */
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

/** What an answer other than 2xx says: a problem document, or whatever a proxy in between makes of it. */
export async function errorOf(response: Response): Promise<TaskbellError> {
  const problem = asObject(await response.json().catch(() => null));
  const { detail, code, errors, request_id } = problem;
  const retryAfter = secondsUntil(response.headers.get('Retry-After'));
  const message = typeof detail === 'string' ? detail : `Taskbell answered ${response.status}`;
  return new TaskbellError(message, {
    status: response.status,
    code: typeof code === 'string' ? code : 'unknown',
    // Taskbell's own problem documents have them in this shape.
    errors: Array.isArray(errors) ? (errors as FieldError[]) : [],
    requestId: typeof request_id === 'string' ? request_id : undefined,
    retryAfterSeconds: Number.isNaN(retryAfter) ? undefined : Math.max(0, retryAfter),
  });
}

/** Of a Retry-After, which is a number or, from some proxies, a date. */
function secondsUntil(retryAfter: string | null): number {
  const seconds = Number(retryAfter ?? Number.NaN);
  return Number.isNaN(seconds) ? (Date.parse(retryAfter ?? '') - Date.now()) / 1000 : seconds;
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
