import { Connection } from '@temporalio/client';
import type { ClientConnectConfig } from '@temporalio/envconfig';
import { SetupError } from '../lib/setup-error.ts';
import { errorMessage } from '../lib/error-message.ts';

const connectTimeoutMs = 5_000;

/**
 * Opens a connection for the engine's few calls, without the SDK's retries: a retry that is still waiting when the
 * connection is closed throws where nothing can catch it, which would end `taskbell up` before it stopped its server.
 * @throws {SetupError} naming the address.
 */
export async function connectTemporal(
  options: ClientConnectConfig['connectionOptions'],
): Promise<Connection> {
  try {
    return await Connection.connect({ connectTimeout: connectTimeoutMs, interceptors: [], ...options });
  } catch (error) {
    throw new SetupError(
      `Temporal at ${options.address ?? 'localhost:7233'} can't be reached: ${errorMessage(error)}. ` +
        `Check TEMPORAL_ADDRESS and its credentials, or unset it to let Taskbell start its own server.`,
      { cause: error },
    );
  }
}

/** Connects and closes the connection again. @throws when the server does not answer gRPC. */
export async function tryConnect(address: string): Promise<void> {
  const connection = await Connection.connect({
    address,
    connectTimeout: connectTimeoutMs,
    interceptors: [],
  });
  await connection.close();
}
