/**
 * Connection of a worker: it polls over the SDK's native connection, and signals workflows over the same one.
 */
import { Client, type ConnectionOptions } from '@temporalio/client';
import type { SignalDefinition } from '@temporalio/common';
import { NativeConnection } from '@temporalio/worker';
import { errorMessage } from '../lib/error-message.ts';
import { TemporalUnreachable } from './unreachable.ts';
import type { WorkflowRunId } from './temporal.ts';

export type TemporalConnectionOptions = ConnectionOptions;

/** Opens a worker's connection. @throws {TemporalUnreachable} naming the address. */
export async function connectWorker(options: TemporalConnectionOptions): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect(nativeOptions(options));
  } catch (error) {
    throw new TemporalUnreachable(
      `Temporal at ${options.address ?? 'localhost:7233'} can't be reached: ${transportReason(errorMessage(error))}. ` +
        'Check TEMPORAL_ADDRESS and its credentials.',
      { cause: error },
    );
  }
}

/** Returns the innermost text of an error that the native code has printed as a structure, or else all of it. */
function transportReason(printed: string): string {
  const texts = Array.from(printed.matchAll(/(?:message|error): "([^"]+)"/g), ([, text]) => text);
  return texts.at(-1) ?? printed;
}

/** Returns a function that signals workflows, each time within a deadline in milliseconds. */
export function createSignals(connection: NativeConnection, namespace: string, timeoutMs: number) {
  const { workflow } = new Client({ connection, namespace });
  return <A extends unknown[]>(
    { id, runId }: WorkflowRunId,
    definition: SignalDefinition<A>,
    ...args: A
  ): Promise<void> =>
    connection.withDeadline(Date.now() + timeoutMs, () =>
      workflow.getHandle(id, runId).signal(definition, ...args),
    );
}

/** Converts the options of a client's connection to those of a native one. */
function nativeOptions({ address, tls, apiKey, metadata }: ConnectionOptions) {
  return {
    ...(address === undefined ? {} : { address }),
    ...(tls === undefined ? {} : { tls }),
    ...(typeof apiKey === 'string' ? { apiKey } : {}),
    ...(metadata === undefined ? {} : { metadata: stringMetadata(metadata) }),
  };
}

function stringMetadata(metadata: NonNullable<ConnectionOptions['metadata']>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, String(value)]));
}
