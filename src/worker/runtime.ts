import { type InjectedSinks, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { TaskMeasures } from '../../activities/measures.ts';
import type { TaskSinks } from '../../workflows/measures.ts';
import { temporalLogger } from './logger.ts';

/**
 * Interval of the worker's heartbeats, in milliseconds. The overview shows the slots in use as of the last heartbeat;
 * with the SDK's default of a minute it would be out of date.
 */
const heartbeatIntervalMs = 5000;

export interface CoreOptions {
  readonly logger: Logger;
  /** Chooses an address on which the SDK's core serves its own metrics; nowhere if undefined. */
  readonly chooseCoreAddress?: (() => Promise<string>) | undefined;
}

/** Number of addresses to try: another process may take a port between its choice and its use. */
const maxAddresses = 3;

/** Installs the SDK's core, which all Temporal workers of the process share. To be done before the first of them. */
export async function installRuntime({ logger, chooseCoreAddress }: CoreOptions): Promise<Runtime> {
  if (chooseCoreAddress === undefined) return install(logger);
  for (let tries = 1; ; tries += 1) {
    const address = await chooseCoreAddress();
    try {
      return install(logger, address);
    } catch (error) {
      if (tries >= maxAddresses) throw error;
    }
  }
}

function install(logger: Logger, metricsAddress?: string): Runtime {
  return Runtime.install({
    logger: temporalLogger(logger),
    // Signals are handled by the command, which also has other things to stop.
    shutdownSignals: [],
    workerHeartbeatInterval: heartbeatIntervalMs,
    telemetryOptions: {
      logging: { forward: {}, filter: { core: 'WARN', other: 'WARN' } },
      ...(metricsAddress === undefined ? {} : { metrics: metricsAt(metricsAddress) }),
    },
  });
}

/** Returns the options with which names and units are those that Prometheus expects. */
function metricsAt(bindAddress: string) {
  return {
    attachServiceName: false,
    prometheus: { bindAddress, countersTotalSuffix: true, useSecondsForDurations: true },
  };
}

/** Returns what the workflows count with. */
export function sinksOf(measures: TaskMeasures): InjectedSinks<TaskSinks> {
  return {
    measures: {
      taskEnded: { fn: (_workflow, type, status) => measures.taskEnded(type, status) },
      attemptFailed: { fn: (_workflow, type, next) => measures.attemptFailed(type, next) },
    },
  };
}
