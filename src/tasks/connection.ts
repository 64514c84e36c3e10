import {
  Connection,
  type ConnectionOptions,
  isRetryableError,
  makeGrpcRetryInterceptor,
} from '@temporalio/client';

/** The SDK's own ten tries over many seconds make an outage look like slowness; our callers want to be told. */
const maxAttempts = 4;
const firstDelayMs = 50;
/** gRPC's own limit of 4 MiB is less than a page of rows or events may take. */
const maxMessageBytes = 32 * 1024 * 1024;

/**
 * A connection for requests that somebody waits for: connects when it is first used, and again whenever it is lost;
 * rides out a hiccup, and fails within a second when Temporal is away.
 */
export function createConnection(options: ConnectionOptions): Connection {
  return Connection.lazy({
    ...options,
    channelArgs: { ...options.channelArgs, 'grpc.max_receive_message_length': maxMessageBytes },
    interceptors: [
      makeGrpcRetryInterceptor({
        delayFunction: (attempt) => firstDelayMs * 2 ** attempt * (0.8 + 0.4 * Math.random()),
        retryableDecider: (attempt, status) => attempt < maxAttempts && isRetryableError(status),
      }),
    ],
  });
}
