import {
  Connection,
  type ConnectionOptions,
  isRetryableError,
  makeGrpcRetryInterceptor,
} from '@temporalio/client';

/** Maximum attempts of a call. The SDK's default, ten over many seconds, makes an outage look like slowness. */
const maxAttempts = 4;
const firstDelayMs = 50;
/** Maximum size of a response, in bytes. gRPC's default of 4 MiB is less than a page of rows or events can take. */
const maxMessageBytes = 32 * 1024 * 1024;

/**
 * Creates a connection for requests with a waiting caller. It connects on first use and reconnects whenever it is
 * lost; it survives short interruptions and fails within a second when Temporal is unavailable.
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
