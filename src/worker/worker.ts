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
  Worker,
  type WorkerOptions as TemporalWorkerOptions,
} from '@temporalio/worker';
import type { FindSecret } from '../../activities/find-secret.ts';
import { createActivities, type LocalActivities } from '../../activities/index.ts';
import { createQuickLane, type QuickLane } from '../../activities/quick-lane.ts';
import { Probation } from '../../activities/probation.ts';
import { createMeasures, type TaskMeasures } from '../../activities/measures.ts';
import { type SlotKind, Slots } from '../../activities/slots.ts';
import type { HandlerPool } from '../../activities/pool/pool.ts';
import type { ProcessTaskDependencies, RunningActivity } from '../../activities/activity-attempt.ts';
import { attemptStartedSignal, attemptInterruptedSignal } from '../../workflows/messages.ts';
import { ifFound } from '../contract/errors.ts';
import { withinDeadline } from '../lib/deadline.ts';
import { lookUpPredecessor } from '../tasks/predecessors.ts';
import { repeatedWorkflowTask } from '../tasks/repeated-workflow-task.ts';
import { createTaskStore, type TaskStore } from '../tasks/store.ts';
import { waitingDependents } from '../tasks/waiting-dependents.ts';
import { connectWorker, createSignals, type TemporalConnectionOptions } from '../temporal/native.ts';
import { createTemporal } from '../temporal/temporal.ts';
import { guestIdentityOf } from '../contract/names.ts';
import { taskIdOf } from '../contract/run-id.ts';
import { watchForMissedEnds } from './end-watch.ts';
import { WorkflowWorker } from './workflow-worker.ts';
import { guestTuner } from './guest-tuner.ts';
import { measureSlots } from './measure-slots.ts';
import { installRuntime, sinksOf } from './runtime.ts';
import type { Logger } from 'pino';
import { noTelemetry, type Telemetry } from '../metrics/telemetry.ts';

export interface WorkerOptions {
  readonly connection: TemporalConnectionOptions;
  readonly namespace: string;
  readonly taskQueue: string;
  /** Runs the handlers. The caller closes it after the worker has ended. */
  readonly pool: HandlerPool;
  /** Finds the secrets that handlers ask for. */
  readonly findSecret: FindSecret;
  /** Path of the prebuilt workflow bundle. */
  readonly workflowBundle: string;
  readonly concurrency: number;
  /** Whether one owner's long attempts leave an extra slot for those of others. */
  readonly guestSlot: boolean;
  readonly shutdownGraceMs: number;
  readonly logger: Logger;
  readonly telemetry?: Telemetry;
  /** Chooses an address on which the SDK's core serves its own metrics; nowhere if undefined. */
  readonly chooseCoreAddress?: (() => Promise<string>) | undefined;
}

export interface RunningWorker {
  readonly identity: string;
  /** Returns the version of the Temporal server. */
  probe(): Promise<{ readonly serverVersion: string }>;
  stop(): void;
  readonly ended: Promise<void>;
}

/**
 * Time after the grace time until the SDK's worker is forced to end, in milliseconds. After the grace time,
 * handlers are asked to stop and soon killed; this is for anything that still doesn't end.
 */
const forceAfterGraceMs = 10_000;

/** Deadline of the look at a run's last workflow task, in milliseconds: it is part of the time of a quick attempt. */
const lookMs = 500;

/** Deadline of a signal to a workflow, in milliseconds: an attempt doesn't wait long to report the previous one. */
const signalTimeoutMs = 3000;

/**
 * Time after which a workflow task that its own worker has not taken goes to any worker, in milliseconds. It is how
 * late a task is that a killed worker had cached. The SDK's default is 10 s.
 */
const stickyTimeoutMs = 2000;

/**
 * Before the workflow worker stops: time for which it must be idle, time since the last attempt ended, whose workflow task
 * a busy server may take as long to dispatch, interval at which that is checked, and maximum time to wait, in
 * milliseconds.
 */
const settleMs = { idle: 300, afterAttempt: 1500, step: 50, max: 5000 };

/** @throws {TemporalUnreachable} */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const runtime = await installRuntime(options);
  const measures = createMeasures(options.telemetry ?? noTelemetry, options.pool.types.keys());
  // Workers that run the same activities of a task queue can't share a connection.
  const connections = await connectAll(options.connection, options.guestSlot ? 2 : 1).catch(
    async (error: unknown) => {
      // An address that is not even valid leaves the native threads running, and with them the process.
      await runtime.shutdown();
      throw error;
    },
  );
  const [connection] = connections;
  const grace = new AbortController();
  // Makes the calls outside of workflows and attempts.
  const temporal = createTemporal({ ...options, identity: identity() });
  const store = createTaskStore(temporal);
  const slots = new Slots(options.concurrency);
  const stopMeasuring = measureSlots(options.telemetry ?? noTelemetry, slots, options.concurrency);
  try {
    const attempts = await createAttemptWorkers(connections, options, {
      store,
      measures,
      slots,
      grace: grace.signal,
    });
    const quickLane = createQuickLane({
      ...options,
      measures,
      worker: identity(),
      graceOver: grace.signal,
      repeated: (run) => withinDeadline(lookMs, () => repeatedWorkflowTask(store, run)),
    });
    const workflows = await WorkflowWorker.create(
      workflowOptions(connection, options, { store, measures, quickLane }),
    );
    const watch = watchForMissedEnds({
      store,
      subscribers: [waitingDependents(store)],
      logger: options.logger,
    });
    const gauges = { close: async () => stopMeasuring() };
    const ended = endAfter(runToEnd(attempts, { workflows, slots }, connections), [gauges, watch, temporal]);
    const stop = (): void => {
      quickLane.close();
      for (const worker of attempts) shutDown(worker);
      setTimeout(() => grace.abort(), options.shutdownGraceMs).unref();
    };
    return { identity: identity(), probe: temporal.probe, stop, ended };
  } catch (error) {
    stopMeasuring();
    await temporal.close();
    await closeAll(connections);
    throw error;
  }
}

/** What the Temporal workers of the process share. */
interface Shared {
  readonly store: TaskStore;
  readonly measures: TaskMeasures;
}

type Connections = readonly [NativeConnection, NativeConnection?];

async function connectAll(options: TemporalConnectionOptions, count: 1 | 2): Promise<Connections> {
  const first = await connectWorker(options);
  if (count === 1) return [first];
  try {
    return [first, await connectWorker(options)];
  } catch (error) {
    await first.close();
    throw error;
  }
}

/** Closes the connections. A worker that left something behind still holds its own: an earlier error matters more. */
async function closeAll(connections: Connections): Promise<void> {
  await Promise.allSettled(connections.map(async (connection) => connection?.close()));
}

/**
 * Runs the Temporal workers of the attempts and the one of the workflows, so that attempts which end in the grace time
 * still find a worker to end their tasks.
 */
async function runToEnd(
  attempts: readonly Worker[],
  { workflows, slots }: { readonly workflows: Worker; readonly slots: Slots },
  connections: Connections,
): Promise<void> {
  const running = workflows.run();
  try {
    await Promise.race([Promise.all(attempts.map((worker) => worker.run())), running]);
    await settled(workflows, slots);
    shutDown(workflows);
    await running;
  } catch (error) {
    for (const worker of [...attempts, workflows]) shutDown(worker);
    void closeAll(connections);
    throw error;
  }
  for (const connection of connections) await connection?.close();
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

/** Waits until the last attempts on the quick lane have ended, and the workflows have processed all ends. */
async function settled(workflows: Worker, slots: Slots): Promise<void> {
  let now = performance.now();
  const deadline = now + settleMs.max;
  let idleSince = now;
  const isSettled = (): boolean =>
    now - idleSince >= settleMs.idle && now - slots.leftAt >= settleMs.afterAttempt;
  while (now < deadline && !isSettled()) {
    await sleep(settleMs.step);
    now = performance.now();
    const { numInFlightWorkflowActivations, numInFlightLocalActivities } = workflows.getStatus();
    if (numInFlightWorkflowActivations + numInFlightLocalActivities > 0) idleSince = now;
  }
}

function shutDown(worker: Worker): void {
  if (worker.getState() === 'RUNNING') worker.shutdown();
}

/** Creates the worker of the slots and, if there is a connection for it, the one of the guest slot. */
async function createAttemptWorkers(
  [connection, guestConnection]: Connections,
  options: WorkerOptions,
  { store, measures, slots, grace }: Shared & { readonly slots: Slots; readonly grace: AbortSignal },
): Promise<readonly Worker[]> {
  const probation = new Probation();
  const activitiesIn = (kind: SlotKind): object =>
    createActivities({
      pool: options.pool,
      findSecret: options.findSecret,
      slots: kind,
      probation,
      signals: signalsOf(connection, options),
      whyStop: (attempt) => whyStop(store, attempt),
      worker: identity(),
      graceOver: grace,
      measures,
    });
  const own = await Worker.create({
    ...attemptOptions(connection, options),
    activities: activitiesIn(slots.own),
    // The worker polls only while there is a free slot, so it holds nothing that another worker could run.
    maxConcurrentActivityTaskExecutions: options.concurrency,
  });
  if (guestConnection === undefined) return [own];
  const guest = await Worker.create({
    ...attemptOptions(guestConnection, options),
    identity: guestIdentityOf(identity()),
    activities: activitiesIn(slots.guest),
    tuner: guestTuner(slots),
  });
  return [own, guest];
}

function attemptOptions(connection: NativeConnection, options: WorkerOptions): TemporalWorkerOptions {
  return {
    ...commonOptions(connection, options),
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: Math.min(options.concurrency, 10) },
    // The default of a minute would delay every cancellation and every progress update by as much.
    maxHeartbeatThrottleInterval: '500ms',
    defaultHeartbeatThrottleInterval: '500ms',
    shutdownGraceTime: options.shutdownGraceMs,
    // Without it, the worker would wait forever, for example for a Temporal server that no longer exists.
    shutdownForceTime: options.shutdownGraceMs + forceAfterGraceMs,
  };
}

function workflowOptions(
  connection: NativeConnection,
  options: WorkerOptions,
  { store, measures, quickLane }: Pick<Shared, 'store' | 'measures'> & { readonly quickLane: QuickLane },
): TemporalWorkerOptions {
  const activities: LocalActivities = {
    lookUpPredecessor: (id) => lookUpPredecessor(store, id),
    quickAttempt: (input) => quickLane.run(input),
  };
  return {
    ...commonOptions(connection, options),
    workflowBundle: { codePath: options.workflowBundle },
    activities,
    sinks: sinksOf(measures),
    // Local activities only: the other worker runs the attempts that have a slot.
    enableNonLocalActivities: false,
    workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 10 },
    maxConcurrentWorkflowTaskExecutions: 100,
    // A third of a megabyte each; the default grows with the heap. One that is not cached is replayed when it goes on.
    maxCachedWorkflows: 200,
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
  const execution = await ifFound(store.describe(taskIdOf(attempt.workflowId), attempt.runId));
  if (!execution || execution.status !== 'open' || execution.cancelRequested) return 'cancelled';
  // The server has given it up, and perhaps dispatched another one.
  return execution.pending?.activityId === attempt.activityId ? undefined : 'given_up';
}

/** Returns the worker's identity, as the records of attempts name it. */
function identity(): string {
  return `${process.pid}@${hostname()}`;
}
