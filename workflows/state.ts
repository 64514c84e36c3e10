/**
 * The task's state and its transitions, as pure functions: no Temporal, no clock, no randomness. A transition
 * that does not apply returns the state it was given. Instants named `…At` are in milliseconds since the
 * epoch. Those named as in messages (`started_at`, `scheduled_time`) are RFC 3339 strings.
 *
 *     AFTER     → SCHEDULED       its predecessors have ended
 *     SCHEDULED ⇄ PAUSED          on messages; the same for AFTER
 *     SCHEDULED → PENDING         it is due; the first attempt is scheduled on the ordinary lane
 *     SCHEDULED → RUNNING         an attempt on the quick lane was not the last
 *     PENDING   → SCHEDULED       it was edited; the attempt, which had not started, is withdrawn
 *     PENDING   → PAUSED          it was paused; the attempt, which had not started, is withdrawn
 *     PENDING   → RUNNING         an attempt has started; it stays RUNNING through failures and backoffs
 */
import type { JsonValue } from '../src/contract/json.ts';
import { boundedRetryAfterMs, maxTotalCheckpointBytes } from '../src/contract/limits.ts';
import type { StoredStatus } from '../src/contract/names.ts';
import {
  isAcceptedOutcome,
  remainingPredecessors,
  type AfterPolicy,
  type EndedPredecessor,
} from '../src/contract/predecessors.ts';
import { specOf, type TaskSpec } from '../src/contract/spec.ts';
import type {
  AttemptStart,
  AttemptReport,
  EditRejection,
  MovedAttempt,
  TaskCommand,
  TaskEdit,
  TaskInput,
} from '../src/contract/workflow.ts';
import { utf8Length } from '../src/contract/text.ts';
import { mergedReports } from './reports.ts';

export interface TaskState {
  readonly spec: TaskSpec;
  readonly status: StoredStatus;
  /** Where the next attempt begins. */
  readonly lane: 'quick' | 'ordinary';
  /** Whether the run has left the quick lane: it never returns. */
  readonly hasMoved: boolean;
  /** Ids of its predecessors that have not ended. */
  readonly waitsFor: readonly string[];
  readonly afterPolicy: AfterPolicy | undefined;
  /** The end of a predecessor that rules the task out: it can never run. */
  readonly ruledOutBy: EndedPredecessor | null;
  readonly version: number;
  readonly updatedAt: number;
  /** Start of the first attempt, as that attempt reported it. Passed on without being parsed. */
  readonly started_at: string | null;
  /** Number of attempts started so far in this run. */
  readonly attempt: number;
  /** Number of retries so far, over all runs; `retriesLeft` is for this run only. */
  readonly retryCount: number;
  readonly retriesLeft: number;
  /** Whether it was asked to run before its scheduled time. */
  readonly runNow: boolean;
  /** Set during a backoff only. */
  readonly nextAttemptAt: number | null;
  readonly attempts: readonly AttemptReport[];
  /**
   * Attempts of the current activity that were lost or handed back; moved to `attempts` when the activity
   * ends.
   */
  readonly interrupted: readonly AttemptReport[];
  readonly checkpoint: JsonValue | null;
  /** Total size of the checkpoints handed on so far, in bytes of JSON. */
  readonly checkpointsLength: number;
}

/** A handler's failure, with what the retry policy needs. */
export interface FailedAttempt {
  readonly report: AttemptReport;
  readonly retryable: boolean;
  readonly retryAfterMs: number;
  readonly checkpoint: JsonValue | null;
}

export function initialState(input: TaskInput, now: number): TaskState {
  const waitsFor = remainingPredecessors(input);
  const { after_policy: afterPolicy, predecessors_over: ended = [] } = input;
  return {
    spec: specOf(input),
    status: waitsFor.length > 0 ? 'AFTER' : 'SCHEDULED',
    lane: input.quick === true ? 'quick' : 'ordinary',
    hasMoved: false,
    waitsFor,
    afterPolicy,
    ruledOutBy: ended.find(({ id }) => waitsFor.includes(id)) ?? null,
    version: input.version,
    updatedAt: now,
    started_at: null,
    attempt: 0,
    retryCount: input.retry_count,
    retriesLeft: input.retry.max_retries,
    runNow: false,
    nextAttemptAt: null,
    attempts: [],
    interrupted: [],
    checkpoint: null,
    checkpointsLength: 0,
  };
}

/** Returns the milliseconds until the task is due; 0 or less if it already is. */
export function timeLeft(state: TaskState, now: number): number {
  return state.runNow ? 0 : Date.parse(state.spec.scheduled_time) - now;
}

export function applyCommand(state: TaskState, { command }: TaskCommand, now: number): TaskState {
  switch (command) {
    case 'pause':
      return isResting(state.status) || state.status === 'PENDING'
        ? written(state, now, { status: 'PAUSED', runNow: false })
        : state;
    case 'resume':
      return state.status === 'PAUSED'
        ? written(state, now, { status: restingStatus(state.waitsFor) })
        : state;
    // Run-now waives the scheduled time, but not the predecessors.
    case 'run-now':
      if (state.nextAttemptAt !== null) return written(state, now, { nextAttemptAt: now });
      if (state.status === 'AFTER' && state.runNow) return state;
      return isResting(state.status) || state.status === 'PAUSED'
        ? written(state, now, { status: restingStatus(state.waitsFor), runNow: true })
        : state;
    default:
      // A command of a later version, unknown to this one.
      return state;
  }
}

function isResting(status: StoredStatus): boolean {
  return status === 'SCHEDULED' || status === 'AFTER';
}

function restingStatus(waitsFor: readonly string[]): 'SCHEDULED' | 'AFTER' {
  return waitsFor.length > 0 ? 'AFTER' : 'SCHEDULED';
}

/** Records the end of a predecessor. Other predecessors, or a pause, may still keep the task waiting. */
export function predecessorEnded(state: TaskState, predecessor: EndedPredecessor, now: number): TaskState {
  if (!state.waitsFor.includes(predecessor.id) || state.ruledOutBy) return state;
  if (!isAcceptedOutcome(predecessor.ended, state.afterPolicy)) return { ...state, ruledOutBy: predecessor };
  const waitsFor = state.waitsFor.filter((id) => id !== predecessor.id);
  if (waitsFor.length > 0 || state.status !== 'AFTER') return { ...state, waitsFor };
  return written(state, now, { waitsFor, status: 'SCHEDULED' });
}

/** Returns why an edit must be rejected; undefined if it is allowed. */
export function editRejection(state: TaskState, edit: TaskEdit, now: number): EditRejection | undefined {
  if (now > Date.parse(edit.not_after)) return 'expired';
  if (state.status === 'RUNNING') return 'wrong_state';
  if (edit.expected_version !== state.version) return 'stale_version';
  return undefined;
}

export function applyEdit(state: TaskState, { spec, quick }: TaskEdit, now: number): TaskState {
  const rescheduled = spec.scheduled_time !== state.spec.scheduled_time;
  return written(state, now, {
    spec,
    lane: quick === true && !state.hasMoved ? 'quick' : 'ordinary',
    status: state.status === 'PENDING' ? 'SCHEDULED' : state.status,
    retriesLeft: spec.retry.max_retries,
    runNow: state.runNow && !rescheduled,
  });
}

/** Records that the task is due: its first attempt is being scheduled. */
export function becomeDue(state: TaskState, now: number): TaskState {
  return state.status === 'SCHEDULED' ? written(state, now, { status: 'PENDING' }) : state;
}

/**
 * Returns when a task became due that begins its first attempt: at its scheduled time, unless it has been changed or has
 * waited for others, and then when that was over, as its workflow has seen it.
 */
export function dueAt(
  { spec, status, version }: TaskState,
  input: Pick<TaskInput, 'version'>,
  now: number,
): string {
  // On the ordinary lane, becoming due is a write of its own.
  const changed = status === 'PENDING' ? version - 1 : version;
  return changed === input.version ? spec.scheduled_time : new Date(now).toISOString();
}

export function attemptStarted(state: TaskState, start: AttemptStart, now: number): TaskState {
  if (start.attempt <= state.attempt) return state;
  // An attempt that is being withdrawn may still announce itself; that must not set a paused task to RUNNING.
  if (isResting(state.status) || state.status === 'PAUSED') return state;
  const started_at = state.started_at ?? start.started_at;
  // Later attempts are visible without a write; the first one moves the task to RUNNING in the lists.
  if (state.status === 'RUNNING') return { ...state, attempt: start.attempt };
  return written(state, now, { status: 'RUNNING', attempt: start.attempt, started_at });
}

/** Records that the backoff is over: the next attempt is being scheduled. */
export function endBackoff(state: TaskState): TaskState {
  return state.nextAttemptAt === null ? state : { ...state, nextAttemptAt: null };
}

/**
 * Records a failed attempt and applies the task's retry policy.
 * @param random number between 0 and 1 that picks the backoff within ±10 % of jitter.
 * @returns a state with `nextAttemptAt` set, or without it if there are no more attempts.
 */
export function attemptFailed(
  state: TaskState,
  failed: FailedAttempt,
  now: number,
  random: number,
): TaskState {
  const retry = failed.retryable && state.retriesLeft > 0;
  const delay = Math.max(boundedRetryAfterMs(failed.retryAfterMs), backoffMs(state, random));
  const checkpoint = failed.checkpoint ?? state.checkpoint;
  const checkpointsLength = state.checkpointsLength + utf8Length(JSON.stringify(checkpoint));
  return written(state, now, {
    status: 'RUNNING',
    attempt: failed.report.attempt,
    started_at: state.started_at ?? firstStart(state, failed.report),
    attempts: mergedReports(state.attempts, state.interrupted, [failed.report]),
    interrupted: [],
    checkpoint: checkpointsLength > maxTotalCheckpointBytes ? null : checkpoint,
    checkpointsLength,
    nextAttemptAt: retry ? now + delay : null,
    retriesLeft: retry ? state.retriesLeft - 1 : state.retriesLeft,
    retryCount: retry ? state.retryCount + 1 : state.retryCount,
  });
}

/** Returns whether the history has room for the checkpoint of one more failed attempt. */
export function keepsCheckpoints({ checkpointsLength }: TaskState): boolean {
  return checkpointsLength <= maxTotalCheckpointBytes;
}

/** Records an attempt withdrawn before it started. Earlier tries may have been lost or handed back. */
export function attemptWithdrawn(state: TaskState): TaskState {
  const last = state.interrupted.at(-1);
  if (!last) return state;
  const attempts = mergedReports(state.attempts, state.interrupted);
  return { ...state, attempt: last.attempt, attempts, interrupted: [] };
}

/**
 * Records an attempt that had started when it was to be withdrawn, and was stopped by that: another one follows.
 * @param report undefined if nothing is known of it. Then it counts as not started, unless an earlier try had.
 */
export function attemptRecalled(state: TaskState, report: AttemptReport | undefined, now: number): TaskState {
  const kept = attemptCancelled(state, report);
  return kept === state ? state : written(kept, now, { status: 'RUNNING' });
}

/** Records that the next attempt begins on the ordinary lane, and the attempt on the quick one, if it had begun. */
export function attemptMoved(state: TaskState, { report, checkpoint }: MovedAttempt, now: number): TaskState {
  const kept = report ? attemptRecalled(state, report, now) : state;
  return { ...kept, lane: 'ordinary', hasMoved: true, checkpoint: checkpoint ?? kept.checkpoint };
}

/**
 * Records a lost or handed-back attempt. The server starts another one by itself; for the task's owner, only
 * the record has changed.
 */
export function attemptInterrupted(state: TaskState, report: AttemptReport): TaskState {
  return { ...state, interrupted: mergedReports(state.interrupted, [report]) };
}

/**
 * Keeps what a cancelled attempt left behind, if one had started. The task is about to end, so its version
 * stays the same.
 */
export function attemptCancelled(state: TaskState, report: AttemptReport | undefined): TaskState {
  const reports = mergedReports(state.interrupted, report ? [report] : []);
  const [first] = reports;
  if (!first) return state;
  return {
    ...state,
    attempt: reports.at(-1)?.attempt ?? state.attempt,
    started_at: state.started_at ?? first.started_at,
    attempts: mergedReports(state.attempts, reports),
    interrupted: [],
  };
}

/** Returns when the task's first attempt started, as text. It may have been one that was lost. */
export function firstStart({ interrupted }: TaskState, last: AttemptReport): string {
  return interrupted[0]?.started_at ?? last.started_at;
}

function backoffMs({ spec: { retry }, retriesLeft }: TaskState, random: number): number {
  const exponent = retry.max_retries - retriesLeft;
  const seconds = Math.min(
    retry.initial_interval * retry.backoff_coefficient ** exponent,
    retry.maximum_interval,
  );
  return Math.round(seconds * 1000 * (0.9 + 0.2 * random));
}

function written(state: TaskState, now: number, changes: Partial<TaskState>): TaskState {
  return { ...state, ...changes, version: state.version + 1, updatedAt: now };
}
