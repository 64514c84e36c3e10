/** Begins one attempt at a task, on the lane that its state names, and translates its end for the retry policy. */
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  isCancellation,
  patched,
  proxyActivities,
  proxyLocalActivities,
  rootCause,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities, LocalActivities } from '../activities/index.ts';
import {
  deferredType,
  type AttemptHeartbeat,
  type AttemptInput,
  type AttemptReport,
  type AttemptSuccess,
  type ErrorReport,
  type MovedAttempt,
  type TaskInput,
} from '../src/contract/workflow.ts';
import { nominalTimeOf, taskIdOf } from '../src/contract/run-id.ts';
import { lostAttempt } from '../src/contract/lost-attempt.ts';
import { maxErrorMessageBytes } from '../src/contract/limits.ts';
import type { JsonValue } from '../src/contract/json.ts';
import { truncateBytes } from '../src/contract/text.ts';
import { isAttemptFailure, isAttemptSuccess, isReport, isTaskOutcome } from './message-shapes.ts';
import { dueAt, type FailedAttempt, keepsCheckpoints, type TaskState } from './state.ts';

/** How an unsuccessful attempt ended. */
export type AttemptOutcome =
  | { readonly kind: 'failed'; readonly failed: FailedAttempt; readonly error: ErrorReport }
  /** The task was paused or edited before the attempt started. */
  | { readonly kind: 'withdrawn' }
  /** It was withdrawn, and no worker had taken it. */
  | { readonly kind: 'not_started' }
  /** The attempt had started when it was to be withdrawn, and was stopped by that. */
  | { readonly kind: 'interrupted'; readonly report: AttemptReport | undefined }
  /** The task was cancelled, and its handler, if it had started, has stopped. */
  | { readonly kind: 'cancelled'; readonly report: AttemptReport | undefined }
  /** Another one follows, on the ordinary lane. */
  | { readonly kind: 'moved'; readonly moved: MovedAttempt };

export interface StartedAttempt {
  readonly lane: TaskState['lane'];
  readonly result: Promise<AttemptSuccess | MovedAttempt>;
  withdraw(): void;
  /** Withdraws the attempt if no worker has taken it. If one has, the attempt goes on. */
  withdrawUnlessStarted(): void;
  /** Returns what the rejection of `result` means. */
  endAfter(error: unknown): AttemptOutcome;
}

/**
 * Margin after the hard limit, in seconds. The worker enforces the limit; the server does so only if the
 * worker fails to.
 */
const hardLimitMargin = 30;

const { processTask } = proxyActivities<Activities>({
  startToCloseTimeout: '1 day',
  // Maximum time until a dead worker is noticed, regardless of the attempt's own limit.
  heartbeatTimeout: '8 seconds',
  // The default would let the workflow end while the handler still runs.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  // Covers lost workers and hand-backs only: a handler's own failure is non-retryable here, and the workflow
  // applies the task's policy to it. The activity itself gives up after too many lost attempts.
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' },
  // Eager dispatch would bypass the order by priority and fairness.
  allowEagerDispatch: false,
});

/**
 * The quick lane: the worker that has the workflow task runs the attempt within it. Until the workflow task is over, the
 * event history has nothing of the attempt, and no message reaches the workflow; so the attempt ends within seconds.
 */
const { quickAttempt } = proxyLocalActivities<LocalActivities>({
  // More than twice what an attempt takes by itself: a worker that stalls for longer is treated as one that was lost.
  startToCloseTimeout: '10 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  // The workflow applies the task's policy. An attempt that was lost or stopped is followed by one on the ordinary lane.
  retry: { maximumAttempts: 1 },
});

/** Length of the event history in a run's first workflow task, if no message has come before. */
const firstTaskHistoryLength = 3;

export function startAttempt(input: TaskInput, state: TaskState): StartedAttempt {
  return state.lane === 'quick' ? startQuickAttempt(input, state) : startOrdinaryAttempt(input, state);
}

function startQuickAttempt(input: TaskInput, state: TaskState): StartedAttempt {
  const may_repeat = workflowInfo().historyLength > firstTaskHistoryLength;
  return {
    lane: 'quick',
    result: quickAttempt({ ...attemptInput(input, state), may_repeat }),
    withdraw: () => undefined,
    withdrawUnlessStarted: () => undefined,
    endAfter: (error) => endOfQuickAttempt(error, state),
  };
}

function startOrdinaryAttempt(input: TaskInput, state: TaskState): StartedAttempt {
  const scope = new CancellationScope();
  let unlessStarted = false;
  return {
    lane: 'ordinary',
    result: scope.run(() => schedule(input, state)),
    withdraw: () => scope.cancel(),
    withdrawUnlessStarted: () => {
      unlessStarted = true;
      scope.cancel();
    },
    endAfter: (error) =>
      unlessStarted && !isTaskCancelled() ? endOfWithdrawal(error, state) : endOf(error, state, scope),
  };
}

function attemptInput(input: TaskInput, state: TaskState): AttemptInput {
  const { spec, attempt, checkpoint } = state;
  return {
    type: input.type,
    payload: spec.payload,
    owner: input.owner,
    prior_attempts: attempt,
    soft_time_limit: spec.soft_time_limit,
    time_limit: spec.time_limit,
    checkpoint,
    ...(keepsCheckpoints(state) ? {} : { discards_checkpoint: true }),
    ...(attempt === 0 ? { due_at: dueAt(state, input, Date.now()) } : {}),
    ...scheduleOf(input),
  };
}

/** Returns what an attempt knows of its schedule. A retry by hand knows no previous run. */
function scheduleOf({ schedule }: TaskInput): Pick<AttemptInput, 'schedule'> {
  const { workflowId, lastResult } = workflowInfo();
  const at = nominalTimeOf(taskIdOf(workflowId));
  if (!schedule || at === undefined) return {};
  const last = isTaskOutcome(lastResult) ? lastResult : undefined;
  const ended_at = last?.attempts.at(-1)?.finished_at;
  return {
    schedule: {
      ...schedule,
      scheduled_time: new Date(at).toISOString(),
      previous: last && ended_at ? { result: last.result, ended_at } : null,
    },
  };
}

async function schedule(input: TaskInput, state: TaskState): Promise<AttemptSuccess> {
  const { spec, attempt } = state;
  const options = {
    startToCloseTimeout: (spec.time_limit + hardLimitMargin) * 1000,
    summary: attempt === 0 ? input.type : `${input.type}, after attempt ${attempt}`,
    priority: { priorityKey: spec.priority },
  };
  const success: unknown = await processTask.executeWithOptions(options, [attemptInput(input, state)]);
  return isAttemptSuccess(success) ? success : completedByHand(attempt + 1, success);
}

/** Returns the success of an attempt that someone has completed in Temporal, with a result of their own. */
function completedByHand(attempt: number, result: unknown): AttemptSuccess {
  const report = { ...unknownReport(attempt, null), outcome: 'completed' } as const;
  // It has come as JSON.
  return { result: (result ?? null) as JsonValue, report };
}

/** Returns how an attempt on the quick lane ended. One that has timed out may have begun, and counts as lost. */
function endOfQuickAttempt(error: unknown, before: TaskState): AttemptOutcome {
  if (isTaskCancelled()) return { kind: 'cancelled', report: cancelledReport(error) };
  if (isAttemptFailure(detailsOf(error))) return failedEnd(error, before);
  const reason = rootCause(error) ?? 'The attempt ended for an unknown reason';
  if (!(causeOf(error) instanceof TimeoutFailure)) return { kind: 'moved', moved: { moved: true, reason } };
  const report = unknownReport(before.attempt + 1, { type: 'WorkerLost', message: reason });
  return { kind: 'moved', moved: { moved: true, reason, report } };
}

function isTaskCancelled(): boolean {
  return CancellationScope.current().consideredCancelled;
}

/**
 * Returns how an attempt ended that was to be withdrawn unless it had started. A worker lets a started attempt go on;
 * one that shuts down, or is lost, ends it without another try by the server.
 */
function endOfWithdrawal(error: unknown, before: TaskState): AttemptOutcome {
  if (isAttemptFailure(detailsOf(error))) return failedEnd(error, before);
  const report = cancelledReport(error);
  if (report?.outcome === 'cancelled')
    return { kind: 'interrupted', report: { ...report, outcome: 'handed_back' } };
  if (report) return { kind: 'interrupted', report };
  if (isCancellation(error)) return { kind: 'not_started' };
  // The request met a worker that was putting the try back into the queue: the server does not dispatch it again.
  if (isDeferral(error) && patched('deferred-while-withdrawn')) return { kind: 'not_started' };
  return { kind: 'interrupted', report: undefined };
}

function isDeferral(error: unknown): boolean {
  const cause = causeOf(error);
  return cause instanceof ApplicationFailure && cause.type === deferredType;
}

function endOf(error: unknown, before: TaskState, scope: CancellationScope): AttemptOutcome {
  if (isTaskCancelled()) return { kind: 'cancelled', report: cancelledReport(error) };
  if (isCancellation(error)) return { kind: 'withdrawn' };
  // The worker handed the attempt back or was lost during the withdrawal: the handler has not failed.
  const interrupted = scope.consideredCancelled && !isAttemptFailure(detailsOf(error));
  if (interrupted && patched('interrupted-while-withdrawn')) return { kind: 'withdrawn' };
  return failedEnd(error, before);
}

function cancelledReport(error: unknown): AttemptReport | undefined {
  const cause = causeOf(error);
  // The worker was lost while the attempt was stopping: the server doesn't retry a cancelled activity.
  if (cause instanceof TimeoutFailure) return reportFromTimeout(cause);
  // Our activity adds a report. The server adds a text of its own if the attempt had not started.
  const details: unknown = cause instanceof CancelledFailure ? cause.details[0] : undefined;
  return isReport(details) ? details : undefined;
}

/** Returns the report of an attempt whose worker was lost, from its last heartbeat. */
function reportFromTimeout({ lastHeartbeatDetails }: TimeoutFailure): AttemptReport | undefined {
  const { current } = (lastHeartbeatDetails ?? {}) as Partial<AttemptHeartbeat>;
  return current && lostAttempt(current);
}

function failedEnd(error: unknown, before: TaskState): AttemptOutcome {
  const cause = causeOf(error);
  const summary: ErrorReport = {
    type: kindOf(cause),
    message: truncateBytes(
      rootCause(error) ?? 'The attempt ended for an unknown reason',
      maxErrorMessageBytes,
    ),
  };
  const details = detailsOf(error);
  if (!isAttemptFailure(details)) {
    // The attempt never reported: its worker was lost, or the failure was too large for the server to keep.
    const known = cause instanceof TimeoutFailure ? reportFromTimeout(cause) : undefined;
    const report = known ?? unknownReport(before.attempt + 1, summary);
    return {
      kind: 'failed',
      failed: { report, retryable: true, retryAfterMs: 0, checkpoint: null },
      error: summary,
    };
  }
  const { report, retryable, retry_after_ms, checkpoint } = details;
  return {
    kind: 'failed',
    failed: { report, retryable, retryAfterMs: retry_after_ms ?? 0, checkpoint },
    error: report.error ?? summary,
  };
}

/** Returns the failure of an activity: what it threw, or why it was ended. */
function causeOf(error: unknown): unknown {
  return error instanceof ActivityFailure ? error.cause : error;
}

function detailsOf(error: unknown): unknown {
  const cause = causeOf(error);
  return cause instanceof ApplicationFailure ? cause.details?.[0] : undefined;
}

function kindOf(cause: unknown): string {
  if (cause instanceof ApplicationFailure) return cause.type ?? 'Error';
  return cause instanceof TimeoutFailure ? 'WorkerLost' : 'AttemptLost';
}

function unknownReport(attempt: number, error: ErrorReport | null): AttemptReport {
  const at = new Date().toISOString();
  return { ...lostAttempt({ attempt, started_at: at, heard_at: at, worker: '', log: [] }), error };
}
