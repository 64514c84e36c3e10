/**
 * One attempt at a task, as a Temporal activity. It
 * - leaves the guest slot to tasks of other owners (slots.ts),
 * - reports earlier attempts that were lost, which only the server and the last heartbeat know of,
 * - leaves tasks of unknown types to other workers, and fails those that lose their workers,
 * - runs the handler in a process of the pool, with heartbeats that carry log, progress and checkpoint,
 * - and says in its failure whether the task's own retry policy applies, or the server should retry.
 */
import { CancelledFailure, Context } from '@temporalio/activity';
import {
  ApplicationFailure,
  ApplicationFailureCategory,
  type ApplicationFailureOptions,
} from '@temporalio/common';
import type { JsonValue } from '../src/contract/json.ts';
import {
  deferredType,
  type AttemptStart,
  type AttemptFailure,
  type AttemptInput,
  type AttemptInterruption,
  type AttemptReport,
  type AttemptSuccess,
} from '../src/contract/workflow.ts';
import { AttemptRecord } from './attempt-record.ts';
import { blamedAfter, type EarlierTries, earlierTries } from './earlier-tries.ts';
import { AttemptInterrupted, describeFailure } from './failures.ts';
import { Heartbeats } from './heartbeats.ts';
import type { TypeRules } from './pool/messages.ts';
import type { HandlerPool } from './pool/pool.ts';
import { type Announcement, createAnnouncement } from './announcement.ts';
import type { Probation } from './probation.ts';
import { runHandler } from './run-handler.ts';
import type { SlotKind } from './slots.ts';
import { createStopSignal, type StopSignal } from './stop-signal.ts';
import { noTelemetry, type Telemetry } from '../src/lib/telemetry.ts';

export interface WorkflowRun {
  readonly workflowId: string;
  readonly runId: string;
}

export interface RunningActivity extends WorkflowRun {
  readonly activityId: string;
}

export interface ProcessTaskDependencies {
  readonly pool: HandlerPool;
  /** The slots that the worker's attempts arrive in. */
  readonly slots: SlotKind;
  readonly probation: Probation;
  /** The worker's identity, shown to the task's owner with each attempt. */
  readonly worker: string;
  readonly signals: {
    /** Notifies the task's workflow that an attempt is running, once it has run for a second. */
    started(workflow: WorkflowRun, start: AttemptStart): Promise<void>;
    /** Notifies the workflow of an attempt that was lost or handed back. */
    interrupted(workflow: WorkflowRun, interruption: AttemptInterruption): Promise<void>;
  };
  /** Returns why an attempt that Temporal has asked to stop must do so: undefined if it was only to be withdrawn. */
  readonly whyStop: (attempt: RunningActivity) => Promise<'cancelled' | 'given_up' | undefined>;
  /** Fires when the worker shuts down and its grace time is over. */
  readonly graceOver: AbortSignal;
  readonly telemetry?: Telemetry;
}

const announceAfterMs = 1000;
/** Number of lost attempts after which the task itself is considered the cause: that is a failure of its attempt. */
const maxBlamedLosses = 5;
/** Number of lost attempts in a row of which no worker was heard, and whose cause is therefore not known. */
const maxUnheardLosses = 10;
/** Delay before a deferred task asks for its turn again, in milliseconds. */
const deferMs = 3000;
/** Delay of an attempt that can start as soon as a slot is free, in milliseconds. The server takes 0 for no value. */
const soonMs = 1;
/**
 * Time for which a task of an unknown type is left to other workers, in milliseconds: those of a new release, for
 * example, which are started one after the other.
 */
const unknownTypeMs = 600_000;

/** An attempt that the server has dispatched to this worker. */
interface ActivityAttempt {
  readonly dependencies: ProcessTaskDependencies;
  readonly activity: Context;
  readonly workflow: WorkflowRun;
  readonly input: AttemptInput;
  readonly tries: EarlierTries;
  readonly startedAt: number;
  readonly record: AttemptRecord;
  readonly heartbeats: Heartbeats;
  readonly announcement: Announcement;
  readonly stop: StopSignal;
}

export function createProcessTask(dependencies: ProcessTaskDependencies) {
  return async function processTask(input: AttemptInput): Promise<AttemptSuccess> {
    const leaveSlot = dependencies.slots.enter(input.owner.id);
    if (!leaveSlot) throw await refusal(dependencies, input);
    try {
      return await attemptTask(createAttempt(dependencies, input));
    } finally {
      leaveSlot();
    }
  };
}

async function attemptTask(attempt: ActivityAttempt): Promise<AttemptSuccess> {
  const { dependencies, input, tries } = attempt;
  // Started first: sending the reports of other attempts takes time, and this one must not count as lost
  // meanwhile.
  attempt.heartbeats.start();
  try {
    if (tries.blamed >= maxBlamedLosses || tries.unheard >= maxUnheardLosses) throw await giveUp(attempt);
    await reportInterrupted(attempt, tries.unreported);
    const rules = dependencies.pool.types.get(input.type);
    if (!rules) throw unknownType(attempt);
    return await runInTurn(attempt, rules);
  } finally {
    attempt.announcement.close();
    attempt.heartbeats.stop();
    attempt.stop.close();
  }
}

async function runInTurn(attempt: ActivityAttempt, rules: TypeRules): Promise<AttemptSuccess> {
  const { dependencies, tries, record, stop } = attempt;
  const turn = dependencies.probation.admit(tries.lost);
  if (!turn) {
    const message = 'Waiting for another task that was also lost with its worker';
    throw deferral(attempt, message, { nextRetryDelay: deferMs });
  }
  announceSoon(attempt);
  try {
    await turn.settle(stop.signal);
    const result = await run(attempt, rules);
    measure(attempt, 'completed');
    return { result, report: record.report('completed', null) };
  } catch (error) {
    const failed = await activityFailure(error, attempt);
    measure(attempt, failed instanceof CancelledFailure ? 'cancelled' : 'failed');
    throw failed;
  } finally {
    turn.end();
  }
}

/** Measures the duration of an attempt that has ended, whether its handler or its process failed. */
function measure({ dependencies, input, startedAt }: ActivityAttempt, outcome: string): void {
  const { pool, telemetry = noTelemetry } = dependencies;
  // Labels come from a fixed set, so all unknown types share one.
  const type = pool.types.has(input.type) ? input.type : 'unknown';
  telemetry.observe('taskbell_attempt_seconds', (Date.now() - startedAt) / 1000, { type, outcome });
}

function workflowOf({ info }: Context): WorkflowRun {
  if (!info.workflowExecution) throw new TypeError('processTask must be started by a workflow');
  return info.workflowExecution;
}

function createAttempt(dependencies: ProcessTaskDependencies, input: AttemptInput): ActivityAttempt {
  const activity = Context.current();
  const workflow = workflowOf(activity);
  const tries = earlierTries(activity.info, input);
  const startedAt = Date.now();
  const { worker } = dependencies;
  const heartbeats = new Heartbeats(() => activity.heartbeat(record.heartbeat()));
  const record = new AttemptRecord({ ...tries, startedAt, worker }, () => heartbeats.soon());
  const start = { attempt: tries.attempt, started_at: new Date(startedAt).toISOString() };
  const announcement = createAnnouncement(
    () => dependencies.signals.started(workflow, start),
    // Lists show PENDING until the attempt ends; reading the task itself still gives its true state.
    (error) => activity.log.warn('Could not announce the attempt', { error }),
  );
  const stop = createStopSignal({
    asked: activity.cancellationSignal,
    graceOver: dependencies.graceOver,
    whyStop: () => dependencies.whyStop({ ...workflow, activityId: activity.info.activityId }),
    onWithdrawal: () => announcement.now(),
    onError: (error) => activity.log.warn('Could not find out why the attempt should stop', { error }),
  });
  return {
    dependencies,
    activity,
    workflow,
    input,
    tries,
    startedAt,
    record,
    heartbeats,
    announcement,
    stop,
  };
}

function run(
  { dependencies, workflow, input, tries, record, stop }: ActivityAttempt,
  rules: TypeRules,
): Promise<JsonValue> {
  const { pool, slots, graceOver } = dependencies;
  const { isGuest } = slots;
  const { signal: stopping } = stop;
  return runHandler({
    pool,
    isGuest,
    rules,
    input,
    attempt: tries.attempt,
    workflow,
    record,
    stopping,
    graceOver,
  });
}

/** Confirms the start with a heartbeat where that is expected, and notifies the workflow after a second. */
function announceSoon({ dependencies, activity, heartbeats, announcement }: ActivityAttempt): void {
  // Also replaces the earlier try's heartbeat on the server, in case this try is lost as well.
  if (activity.info.attempt > 1 || dependencies.slots.isGuest) heartbeats.now();
  announcement.after(announceAfterMs);
}

/** Reports interrupted attempts to the workflow. The next try, if any, reports what cannot be reported now. */
async function reportInterrupted(
  attempt: Pick<ActivityAttempt, 'dependencies' | 'activity' | 'workflow' | 'record'>,
  reports: readonly AttemptReport[],
): Promise<void> {
  const { dependencies, activity, workflow, record } = attempt;
  try {
    for (const report of reports) {
      await dependencies.signals.interrupted(workflow, { report });
      record.reported(report.attempt);
    }
  } catch (error) {
    // The attempt itself matters more than the record of the one before it.
    activity.log.warn('Could not report an interrupted attempt', { error });
  }
}

/** Returns the failure of a task that loses its workers, with the last attempt that was lost. None is started. */
async function giveUp(attempt: ActivityAttempt): Promise<Error> {
  const { unreported, attempt: number } = attempt.tries;
  await reportInterrupted(attempt, unreported.slice(0, -1));
  const last = unreported.at(-1) ?? { ...attempt.record.report('lost', null), attempt: number - 1 };
  return lostTooOften(attempt, last, 0);
}

/** @param ended number of attempts lost that the earlier tries don't include: 1 if it is the running one. */
function lostTooOften(attempt: ActivityAttempt, last: AttemptReport, ended: 0 | 1): Error {
  const message = `The task's worker or handler process was lost ${attempt.tries.lost + ended} times while it ran`;
  // The retry policy decides what comes next. It may have been bad luck after all.
  return failure(attempt, { ...last, error: { type: 'WorkerLost', message } }, { retryable: true });
}

/** Frees the slot without starting an attempt. */
function deferral(
  { activity, record }: Pick<ActivityAttempt, 'activity' | 'record'>,
  message: string,
  options: Pick<ApplicationFailureOptions, 'nextRetryDelay' | 'category'>,
): Error {
  activity.heartbeat(record.deferral());
  return ApplicationFailure.create({ type: deferredType, message, ...options });
}

/** Puts a task back into the queue that the guest slot is not for. */
async function refusal(dependencies: ProcessTaskDependencies, input: AttemptInput): Promise<Error> {
  const { worker } = dependencies;
  const activity = Context.current();
  const workflow = workflowOf(activity);
  const tries = earlierTries(activity.info, input);
  const record = new AttemptRecord({ ...tries, startedAt: Date.now(), worker }, () => undefined);
  // The heartbeat of the refusal replaces that of a lost attempt, the only record of it.
  await reportInterrupted({ dependencies, activity, workflow, record }, tries.unreported);
  return deferral({ activity, record }, 'Waiting for another task of its owner to end', {
    nextRetryDelay: soonMs,
    // Nothing has failed, and it can happen every few seconds for days: the SDK logs it as a detail.
    category: ApplicationFailureCategory.BENIGN,
  });
}

/** Leaves the task to a worker that knows its type, or fails it if none has taken it for a long time. */
function unknownType(attempt: ActivityAttempt): Error {
  const { activity, input, record, tries } = attempt;
  const message = `No task type "${input.type}" is registered with this worker`;
  if (Date.now() - activity.info.scheduledTimestampMs < unknownTypeMs) {
    // Once for each task, or a wrong setup would fill the log.
    if (tries.deferred === 0) activity.log.warn(`${message}: another one may have it`);
    return deferral(attempt, message, { nextRetryDelay: deferMs });
  }
  return failure(attempt, record.report('failed', { type: 'UnknownTaskType', message }), {
    retryable: false,
  });
}

async function activityFailure(error: unknown, attempt: ActivityAttempt): Promise<Error> {
  const { stop, record } = attempt;
  if (error instanceof AttemptInterrupted) return interrupted(error, attempt);
  if (error instanceof CancelledFailure && stop.signal.aborted) {
    return new CancelledFailure('Task cancelled', [record.report('cancelled', null)]);
  }
  const { type, message, ...retry } = describeFailure(error);
  return failure(attempt, record.report('failed', { type, message }), retry);
}

/**
 * Returns the error that makes the server start another attempt: by the activity's retry policy, or at once
 * after a hand-back.
 */
async function interrupted(
  { outcome, type, message }: AttemptInterrupted,
  attempt: ActivityAttempt,
): Promise<Error> {
  const { activity, record, tries } = attempt;
  const report = record.report(outcome, { type, message });
  const blamed = blamedAfter(Date.now() - attempt.startedAt, tries.blamed);
  if (outcome === 'lost' && blamed + 1 >= maxBlamedLosses) return lostTooOften(attempt, report, 1);
  await reportInterrupted(attempt, [report]);
  // The count must reach the server before the failure does, or a hand-back would count as a lost worker.
  activity.heartbeat(record.lastHeartbeat(outcome));
  const soon = outcome === 'handed_back' ? { nextRetryDelay: soonMs } : {};
  return ApplicationFailure.create({ type, message, ...soon });
}

function failure(
  { record, input }: ActivityAttempt,
  report: AttemptReport,
  { retryable, retryAfterMs }: { retryable: boolean; retryAfterMs?: number | undefined },
): Error {
  const checkpoint = input.discards_checkpoint === true ? null : record.checkpoint;
  const details: AttemptFailure = {
    report,
    retryable,
    retry_after_ms: retryAfterMs ?? null,
    checkpoint,
  };
  return ApplicationFailure.create({
    type: report.error?.type ?? 'Error',
    message: report.error?.message ?? '',
    // The workflow applies the task's own policy; Temporal's is for lost workers.
    nonRetryable: true,
    // No cause: it would include the untruncated message and stack. The stack is in the attempt's log.
    details: [details],
  });
}
