import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, NamespaceNotFoundError } from '@temporalio/common';
import { AppError, notFound } from '../contract/errors.ts';
import { grpcCode, grpcStatus } from './grpc.ts';

/** The workflow rejected an update. */
export class UpdateRejected extends Error {
  override readonly name = 'UpdateRejected';
  /** Type of the failure that the update's validator threw. */
  readonly type: string;
  constructor(type: string, cause: unknown) {
    super(`The update was rejected: ${type}`, { cause });
    this.type = type;
  }
}

/** No worker took the update in time. A worker that comes later may still take it. */
export class UpdateUnanswered extends Error {
  override readonly name = 'UpdateUnanswered';
}

/** Status codes of failures that pass by themselves. */
const passing: ReadonlySet<number> = new Set([
  grpcStatus.cancelled,
  grpcStatus.deadlineExceeded,
  grpcStatus.exhausted,
  grpcStatus.aborted,
  grpcStatus.unavailable,
]);

/** Turns what the Temporal client throws into what our callers understand. Unknown errors pass unchanged. */
export function translate(error: unknown): unknown {
  if (error instanceof WorkflowNotFoundError) return notFound();
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
    return new UpdateUnanswered('No worker took the update in time', { cause: error });
  if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure)
    return new UpdateRejected(error.cause.type ?? '', error);
  // Seen for a moment after the server has started: it answers before it knows its namespaces.
  if (error instanceof NamespaceNotFoundError) return unavailable(error);
  const code = grpcCode(error);
  if (isHistoryMissing(code, error)) return notFound();
  if (code === grpcStatus.notFound) return isNamespaceError(error) ? unavailable(error) : notFound();
  return code !== undefined && passing.has(code) ? unavailable(error) : error;
}

/**
 * Returns whether a run was deleted before its event history was read: by a request, or after its retention. Temporal
 * then calls the argument invalid on PostgreSQL, where the history goes before the run does.
 */
function isHistoryMissing(code: number | undefined, error: unknown): boolean {
  return (
    code === grpcStatus.invalidArgument && error instanceof Error && /history not found/i.test(text(error))
  );
}

/** Returns the message of an error and of its cause: the client wraps the server's own text. */
function text({ message, cause }: Error): string {
  return cause instanceof Error ? `${message} ${cause.message}` : message;
}

function isNamespaceError(error: unknown): boolean {
  return error instanceof Error && /namespace/i.test(error.message);
}

export function isUnavailable(error: unknown): boolean {
  return error instanceof AppError && error.code === 'temporal_unavailable';
}

export function unavailable(cause: unknown): AppError {
  return new AppError('temporal_unavailable', 'Temporal cannot be reached at the moment.', {
    cause,
    retryAfterSeconds: 5,
  });
}
