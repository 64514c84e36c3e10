/**
 * A worker process: runs workflow tasks and attempts.
 *
 * running → stopping (`stop()`: takes nothing new, lets attempts finish within the grace time, hands back the rest) →
 * ended (`ended` resolves; rejects when the worker cannot go on). Created by `taskbell worker`.
 */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions as TemporalWorkerOptions,
  type WorkerTuner,
} from '@temporalio/worker';
import { createActivities, type LocalActivities } from '../../activities/index.ts';
import { Probation } from '../../activities/probation.ts';
import { type SlotKind, Slots } from '../../activities/slots.ts';
import type { HandlerPool } from '../../activities/pool/pool.ts';
import type { ProcessTaskDependencies, RunningActivity } from '../../activities/process-task.ts';
import { attemptStartedSignal, attemptInterruptedSignal } from '../../workflows/messages.ts';
import { ifFound } from '../contract/errors.ts';
import { lookUpPredecessor } from '../tasks/predecessors.ts';
import { createTaskStore, type TaskStore } from '../tasks/store.ts';
import { waitingDependents } from '../tasks/waiting-dependents.ts';
import { connectWorker, createSignals, type TemporalConnectionOptions } from '../temporal/native.ts';
import { createTemporal } from '../temporal/temporal.ts';
import { watchForMissedEnds } from './end-watch.ts';
import { temporalLogger } from './logger.ts';
import type { Logger } from 'pino';
import type { Telemetry } from '../lib/telemetry.ts';

export interface WorkerOptions {
  readonly connection: TemporalConnectionOptions;
  readonly namespace: string;
  readonly taskQueue: string;
  /** Runs the handlers. The caller closes it after the worker has ended. */
  readonly pool: HandlerPool;
  /** Path of the prebuilt workflow bundle. */
  readonly workflowBundle: string;
  readonly concurrency: number;
  readonly shutdownGraceMs: number;
  readonly logger: Logger;
  readonly telemetry?: Telemetry;
}

export interface RunningWorker {
  readonly identity: string;
  stop(): void;
  readonly ended: Promise<void>;
}

/**
 * Time after the grace time until the SDK's worker is forced to end, in milliseconds. After the grace time,
 * handlers are asked to stop and soon killed; this is for anything that still doesn't end.
 */
const forceAfterGraceMs = 10_000;

/**
 * Interval of the worker's heartbeats, in milliseconds. The overview shows the slots in use as of the last heartbeat;
 * with the SDK's default of a minute it would be out of date.
 */
const heartbeatIntervalMs = 5000;

/** Deadline of a signal to a workflow, in milliseconds: an attempt doesn't wait long to report the previous one. */
const signalTimeoutMs = 3000;

/**
 * Time after which a workflow task that its own worker has not taken goes to any worker, in milliseconds. It is how
 * late a task is that a killed worker had cached. The SDK's default is 10 s.
 */
const stickyTimeoutMs = 2000;

/**
 * Time for which the workflow worker must be idle after the last attempt has ended, interval at which that is
 * checked, and maximum time to wait for it, in milliseconds.
 */
const settleMs = { idle: 300, step: 50, max: 5000 };

/** @throws {TemporalUnreachable} */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const runtime = Runtime.install({
    logger: temporalLogger(options.logger),
    // Signals are handled by the command, which also has other things to stop.
    shutdownSignals: [],
    workerHeartbeatInterval: heartbeatIntervalMs,
    telemetryOptions: { logging: { forward: {}, filter: { core: 'WARN', other: 'WARN' } } },
  });
  const connections = await connectTwice(options.connection).catch(async (error: unknown) => {
    // An address that is not even valid leaves the native threads running, and with them the process.
    await runtime.shutdown();
    throw error;
  });
  const [connection, guestConnection] = connections;
  const grace = new AbortController();
  // Makes the calls outside of workflows and attempts.
  const temporal = createTemporal({ ...options, identity: identity() });
  const store = createTaskStore(temporal);
  try {
    const slots = new Slots(options.concurrency);
    const probation = new Probation();
    const activitiesIn = (kind: SlotKind): object =>
      createActivities({
        pool: options.pool,
        slots: kind,
        probation,
        signals: signalsOf(connection, options),
        whyStop: (attempt) => whyStop(store, attempt),
        worker: identity(),
        graceOver: grace.signal,
        ...(options.telemetry && { telemetry: options.telemetry }),
      });
    const attempts = [
      await Worker.create({
        ...attemptOptions(connection, options, activitiesIn(slots.own)),
        // The worker polls only while there is a free slot, so it holds nothing that another worker could run.
        maxConcurrentActivityTaskExecutions: options.concurrency,
      }),
      await Worker.create({
        ...attemptOptions(guestConnection, options, activitiesIn(slots.guest)),
        tuner: guestTuner(slots),
      }),
    ];
    const workflows = await Worker.create(workflowOptions(connection, options, store));
    const watch = watchForMissedEnds({
      store,
      subscribers: [waitingDependents(store)],
      logger: options.logger,
    });
    const ended = endAfter(runToEnd(attempts, workflows, connections), [watch, temporal]);
    const stop = (): void => {
      for (const worker of attempts) worker.shutdown();
      setTimeout(() => grace.abort(), options.shutdownGraceMs).unref();
    };
    return { identity: identity(), stop, ended };
  } catch (error) {
    await temporal.close();
    for (const each of connections) await each.close();
    throw error;
  }
}

/** Opens two connections: workers that run the same activities of a task queue can't share one. */
async function connectTwice(
  options: TemporalConnectionOptions,
): Promise<readonly [NativeConnection, NativeConnection]> {
  const first = await connectWorker(options);
  try {
    return [first, await connectWorker(options)];
  } catch (error) {
    await first.close();
    throw error;
  }
}

/**
 * Runs Temporal workers for the attempts and one for the workflows, so that attempts which end in the grace time still
 * find a worker to end their tasks.
 */
async function runToEnd(
  attempts: readonly Worker[],
  workflows: Worker,
  connections: readonly NativeConnection[],
): Promise<void> {
  const running = workflows.run();
  try {
    await Promise.race([Promise.all(attempts.map((worker) => worker.run())), running]);
    await settled(workflows);
    shutDown(workflows);
    await running;
  } catch (error) {
    for (const worker of [...attempts, workflows]) shutDown(worker);
    // A worker that left an attempt behind still holds its connection; the original error matters more.
    for (const connection of connections) connection.close().catch(() => undefined);
    throw error;
  }
  for (const connection of connections) await connection.close();
}

async function endAfter(
  running: Promise<void>,
  others: readonly { close(): Promise<void> }[],
): Promise<void> {
  try {
    await running;
  } finally {
    for (const other of others) await other.close();
  }
}

/** Waits until the workflows have processed the ends of the last attempts. */
async function settled(workflows: Worker): Promise<void> {
  const deadline = Date.now() + settleMs.max;
  let idleSince = Date.now();
  while (Date.now() < deadline && Date.now() - idleSince < settleMs.idle) {
    await sleep(settleMs.step);
    if (workflows.getStatus().numInFlightWorkflowActivations > 0) idleSince = Date.now();
  }
}

function shutDown(worker: Worker): void {
  if (worker.getState() === 'RUNNING') worker.shutdown();
}

function attemptOptions(
  connection: NativeConnection,
  options: WorkerOptions,
  activities: object,
): TemporalWorkerOptions {
  return {
    ...commonOptions(connection, options),
    activities,
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: Math.min(options.concurrency, 10) },
    // The default of a minute would delay every cancellation and every progress update by as much.
    maxHeartbeatThrottleInterval: '500ms',
    defaultHeartbeatThrottleInterval: '500ms',
    shutdownGraceTime: options.shutdownGraceMs,
    // Without it, the worker would wait forever, for example for a Temporal server that no longer exists.
    shutdownForceTime: options.shutdownGraceMs + forceAfterGraceMs,
  };
}

/** Makes a Temporal worker poll for an attempt only while the guest slot is open. */
function guestTuner(slots: Slots): WorkerTuner {
  const unused = { type: 'fixed-size', numSlots: 1 } as const;
  return {
    workflowTaskSlotSupplier: unused,
    localActivityTaskSlotSupplier: unused,
    nexusTaskSlotSupplier: unused,
    activityTaskSlotSupplier: {
      type: 'custom',
      async reserveSlot(_context, signal) {
        await slots.reserveGuest(signal);
        return {};
      },
      // For eager dispatch, which bypasses fairness.
      tryReserveSlot: () => null,
      markSlotUsed: () => undefined,
      releaseSlot: () => slots.releaseGuest(),
    },
  };
}

function workflowOptions(
  connection: NativeConnection,
  options: WorkerOptions,
  store: TaskStore,
): TemporalWorkerOptions {
  const inquiries: LocalActivities = { lookUpPredecessor: (id) => lookUpPredecessor(store, id) };
  return {
    ...commonOptions(connection, options),
    workflowBundle: { codePath: options.workflowBundle },
    activities: inquiries,
    // Local activities only: the other worker runs the attempts.
    enableNonLocalActivities: false,
    workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 10 },
    maxConcurrentWorkflowTaskExecutions: 100,
    // About 1 MiB of memory each; the default grows with the heap.
    maxCachedWorkflows: 500,
    stickyQueueScheduleToStartTimeout: stickyTimeoutMs,
    shutdownForceTime: forceAfterGraceMs,
  };
}

function commonOptions(connection: NativeConnection, { namespace, taskQueue }: WorkerOptions) {
  return { connection, namespace, taskQueue, identity: identity() };
}

function signalsOf(
  connection: NativeConnection,
  { namespace }: WorkerOptions,
): ProcessTaskDependencies['signals'] {
  const signal = createSignals(connection, namespace, signalTimeoutMs);
  return {
    started: ({ workflowId, runId }, start) => signal({ id: workflowId, runId }, attemptStartedSignal, start),
    interrupted: ({ workflowId, runId }, interruption) =>
      signal({ id: workflowId, runId }, attemptInterruptedSignal, interruption),
  };
}

/** Returns why an attempt that Temporal has asked to stop must do so: undefined if it was only to be withdrawn. */
async function whyStop(
  store: TaskStore,
  attempt: RunningActivity,
): Promise<'cancelled' | 'given_up' | undefined> {
  const execution = await ifFound(store.describe(attempt.workflowId, attempt.runId));
  if (!execution || execution.status !== 'open' || execution.cancelRequested) return 'cancelled';
  // The server has given it up, and perhaps dispatched another one.
  return execution.pending?.activityId === attempt.activityId ? undefined : 'given_up';
}

/** Returns the worker's identity, as the records of attempts name it. */
function identity(): string {
  return `${process.pid}@${hostname()}`;
}
