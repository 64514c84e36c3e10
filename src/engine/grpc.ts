import { isGrpcServiceError } from '@temporalio/client';

/** gRPC status codes that the engine distinguishes. */
export const grpcStatus = {
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  unimplemented: 12,
  unauthenticated: 16,
} as const;

/** @returns undefined for anything that isn't an error of a gRPC call. */
export function grpcCode(error: unknown): number | undefined {
  return isGrpcServiceError(error) ? error.code : undefined;
}
