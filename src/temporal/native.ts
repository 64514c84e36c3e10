/**
 * Connection of a worker: it polls over the SDK's native connection, and signals workflows over the same one.
 */
import { Client, type ConnectionOptions } from '@temporalio/client';
import type { SignalDefinition } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import type { WorkflowRunId } from './temporal.ts';

export type TemporalConnectionOptions = ConnectionOptions;

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
export function nativeOptions({ address, tls, apiKey, metadata }: ConnectionOptions) {
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
