import { isGrpcServiceError, ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import { AppError, notFound } from '../contract/errors.ts';

/** gRPC status codes that are handled here. */
const grpc = {
  cancelled: 1,
  deadlineExceeded: 4,
  notFound: 5,
  exhausted: 8,
  aborted: 10,
  unavailable: 14,
} as const;

const transient: ReadonlySet<number> = new Set([
  grpc.cancelled,
  grpc.deadlineExceeded,
  grpc.exhausted,
  grpc.aborted,
  grpc.unavailable,
]);

/** Translates errors of the Temporal client into errors for our callers. Unknown errors pass unchanged. */
export function translate(error: unknown): unknown {
  if (error instanceof WorkflowNotFoundError) return notFound();
  // Occurs for a moment after the server has started: it answers before it knows its namespaces.
  if (error instanceof NamespaceNotFoundError) return unavailable(error);
  const code = grpcCode(error);
  if (code === grpc.notFound) return isNamespaceError(error) ? unavailable(error) : notFound();
  return code !== undefined && transient.has(code) ? unavailable(error) : error;
}

export function isDeadlineExceeded(error: unknown): boolean {
  return grpcCode(error) === grpc.deadlineExceeded;
}

export function grpcCode(error: unknown): number | undefined {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) ? cause.code : undefined;
}

function isNamespaceError(error: unknown): boolean {
  return error instanceof Error && /namespace/i.test(error.message);
}

function unavailable(cause: unknown): AppError {
  return new AppError('temporal_unavailable', 'Temporal cannot be reached at the moment.', {
    cause,
    retryAfterSeconds: 5,
  });
}
