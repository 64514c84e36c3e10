import { Connection } from '@temporalio/client';
import type { ClientConnectConfig } from '@temporalio/envconfig';
import { EngineError, errorMessage } from './errors.ts';

const connectTimeoutMs = 5_000;

/** @throws {EngineError} naming the address. */
export async function connectTemporal(
  options: ClientConnectConfig['connectionOptions'],
): Promise<Connection> {
  try {
    return await Connection.connect({ connectTimeout: connectTimeoutMs, ...options });
  } catch (error) {
    throw new EngineError(
      `Temporal at ${options.address ?? 'localhost:7233'} can't be reached: ${errorMessage(error)}. ` +
        `Check TEMPORAL_ADDRESS and its credentials, or unset it for a server of Taskbell's own.`,
      { cause: error },
    );
  }
}
