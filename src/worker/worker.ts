/**
 * A worker process: runs workflow tasks and attempts.
 *
 * running → stopping (`stop()`: takes nothing new, lets attempts finish within the grace time, hands back the rest) →
 * ended (`ended` resolves; rejects when the worker cannot go on). Created by `taskbell worker`.
 */
import { hostname } from 'node:os';
import { Client } from '@temporalio/client';
import type { ConnectionOptions } from '@temporalio/client';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createActivities } from '../../activities/index.ts';
import type { TaskTypes } from '../../activities/types/index.ts';
import { attemptBegunSignal } from '../../workflows/messages.ts';
import type { AttemptBegun } from '../contract/workflow.ts';
import { temporalLogger } from './logger.ts';
import type { Logger } from 'pino';

export interface WorkerOptions {
  readonly connection: ConnectionOptions;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly taskTypes: TaskTypes;
  /** Path of the prebuilt workflow bundle. */
  readonly workflowBundle: string;
  readonly concurrency: number;
  readonly shutdownGraceMs: number;
  readonly logger: Logger;
}

export interface RunningWorker {
  readonly identity: string;
  stop(): void;
  readonly ended: Promise<void>;
}

/** After the grace time handlers are told to stop; one that does not is left behind after this much more. */
const forceAfterGraceMs = 10_000;

export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  Runtime.install({
    logger: temporalLogger(options.logger),
    // Signals are handled by the command, which also has other things to stop.
    shutdownSignals: [],
    telemetryOptions: { logging: { forward: {}, filter: { core: 'WARN', other: 'WARN' } } },
  });
  const connection = await NativeConnection.connect(nativeOptions(options.connection));
  try {
    const worker = await createWorker(connection, options);
    const ended = runToEnd(worker, connection);
    return { identity: identity(), stop: () => worker.shutdown(), ended };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function runToEnd(worker: Worker, connection: NativeConnection): Promise<void> {
  try {
    await worker.run();
  } catch (error) {
    // A worker that left a handler behind still holds the connection; what went wrong matters more.
    connection.close().catch(() => undefined);
    throw error;
  }
  await connection.close();
}

function createWorker(connection: NativeConnection, options: WorkerOptions): Promise<Worker> {
  const client = new Client({ connection, namespace: options.namespace });
  const announce = async (
    { workflowId, runId }: { workflowId: string; runId: string },
    begun: AttemptBegun,
  ): Promise<void> => client.workflow.getHandle(workflowId, runId).signal(attemptBegunSignal, begun);
  return Worker.create({
    connection,
    namespace: options.namespace,
    taskQueue: options.taskQueue,
    identity: identity(),
    workflowBundle: { codePath: options.workflowBundle },
    activities: createActivities({ taskTypes: options.taskTypes, announce, worker: identity() }),
    // Attempts poll only while there is a free slot, so nothing is held here that another worker could run.
    maxConcurrentActivityTaskExecutions: options.concurrency,
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: Math.min(options.concurrency, 10) },
    workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 10 },
    maxConcurrentWorkflowTaskExecutions: 100,
    // About 1 MiB of memory each; the default grows with the heap.
    maxCachedWorkflows: 500,
    // The default of a minute would delay every cancellation and every word of progress by as much.
    maxHeartbeatThrottleInterval: '500ms',
    defaultHeartbeatThrottleInterval: '500ms',
    shutdownGraceTime: options.shutdownGraceMs,
    // Without it, the worker would wait for ever for a handler that ignores its signal.
    shutdownForceTime: options.shutdownGraceMs + forceAfterGraceMs,
  });
}

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

/** As the attempts' records name it. */
function identity(): string {
  return `${process.pid}@${hostname()}`;
}
