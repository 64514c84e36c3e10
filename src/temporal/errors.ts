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
  if (code === grpcStatus.notFound) return isNamespaceError(error) ? unavailable(error) : notFound();
  return code !== undefined && passing.has(code) ? unavailable(error) : error;
}

function isNamespaceError(error: unknown): boolean {
  return error instanceof Error && /namespace/i.test(error.message);
}

export function unavailable(cause: unknown): AppError {
  return new AppError('temporal_unavailable', 'Temporal cannot be reached at the moment.', {
    cause,
    retryAfterSeconds: 5,
  });
}
