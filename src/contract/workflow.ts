/**
 * Data passed between the service, the workflow and the activity. Types only: the workflow's bundle stays small, and
 * Temporal's own records (which keep these shapes for as long as the task exists) need no parsing on replay.
 * Field names are those of the API, so that the Temporal Web UI reads like it. Instants are RFC 3339 in UTC with
 * milliseconds; durations are in seconds.
 */
import type { JsonValue } from './json.ts';
import type { StoredStatus } from './names.ts';
import type { AfterPolicy, PredecessorInput, PredecessorMemo } from './predecessors.ts';
import type { ListedSpec, TaskSpec } from './spec.ts';

/** The account that acted on a task. */
export interface Author {
  readonly id: string;
  readonly name: string | null;
}

/** The argument of the `task` workflow. */
export interface TaskInput extends TaskSpec, PredecessorInput {
  readonly type: string;
  readonly owner: { readonly id: string; readonly name: string };
  readonly created_at: string;
  /** Value at the start of this run, as is `retry_count`. Both continue over retries, so neither ever falls. */
  readonly version: number;
  readonly retry_count: number;
  /** Set on a run that a retry started. */
  readonly retried_by?: Author;
  /** Set if a schedule has started the task. */
  readonly schedule?: StartingSchedule & { readonly timezone: string };
  /** Set if the type declares the payload quick: its attempts begin on the quick lane. */
  readonly quick?: true;
}

/** The schedule that has started a task, by the name that it had then. */
export interface StartingSchedule {
  readonly id: string;
  readonly name: string;
}

/** What an attempt knows of the schedule that has started its task. */
export interface ScheduleOfAttempt extends StartingSchedule {
  /** The time for which the schedule started the task. */
  readonly scheduled_time: string;
  readonly timezone: string;
  /** The last run of the schedule that had completed when this one started. */
  readonly previous: { readonly result: JsonValue; readonly ended_at: string } | null;
}

/** The workflow's memo: what lists show without a query to the workflow. At most 4 KiB. */
export interface TaskMemo extends Partial<ListedSpec>, PredecessorMemo {
  readonly type: string;
  /** Tags as the owner wrote them. The search attribute has their searchable form. */
  readonly tags?: readonly string[];
  readonly created_at: string;
  readonly retry_count: number;
  readonly attempt: number;
  readonly after_policy?: AfterPolicy;
  readonly schedule?: StartingSchedule;
  /** Digest of the request that created the task. Set if the request had an Idempotency-Key. */
  readonly fingerprint?: string;
  /**
   * Set on a run that a retry started: a digest of the caller and the Idempotency-Key (a random UUID without one),
   * and a digest of the changes that the retry asked for.
   */
  readonly retry_key?: string;
  readonly retry_fingerprint?: string;
  /** Whether the attempt that waits for a worker is being withdrawn for an edit or a pause. */
  readonly withdrawing?: boolean;
  /** Set once an edit has changed what the start event says. */
  readonly edited?: boolean;
  readonly started_at?: string;
  /** Error message of the last failed attempt; at most 1 KiB. */
  readonly error_message?: string;
  /** Due time of the next attempt; in the past once that attempt has been scheduled. */
  readonly next_attempt_at?: string | null;
}

export interface ErrorReport {
  /** A short, stable word for the kind of failure, such as `HttpStatus`. */
  readonly type: string;
  readonly message: string;
}

/** The record of an attempt that has ended. */
export interface AttemptReport {
  readonly attempt: number;
  readonly started_at: string;
  readonly finished_at: string;
  readonly worker: string;
  /** `lost`: its worker or its process was killed. `handed_back`: its worker shut down. Neither uses up a retry. */
  readonly outcome: 'completed' | 'failed' | 'cancelled' | 'lost' | 'handed_back';
  readonly error: ErrorReport | null;
  /** The last lines that the handler logged. */
  readonly log: readonly string[];
}

/** The argument of the activities that run an attempt. */
export interface AttemptInput {
  readonly type: string;
  readonly payload: JsonValue;
  readonly owner: { readonly id: string; readonly name: string };
  /** Number of attempts that earlier activities of this run have used up. */
  readonly prior_attempts: number;
  readonly soft_time_limit: number;
  readonly time_limit: number;
  /** Checkpoint that the last failed attempt saved. */
  readonly checkpoint: JsonValue | null;
  /** Set if this attempt must not hand on a checkpoint when it fails: the run's history has no room for more. */
  readonly discards_checkpoint?: boolean;
  /** Set if a schedule has started the task. */
  readonly schedule?: ScheduleOfAttempt;
  /** When the task became due. Set on its first attempt, to measure how late that starts. */
  readonly due_at?: string;
}

/** The result of an attempt that succeeded. */
export interface AttemptSuccess {
  readonly result: JsonValue;
  readonly report: AttemptReport;
}

/** The details of the failure of an attempt that failed by itself. */
export interface AttemptFailure {
  readonly report: AttemptReport;
  readonly retryable: boolean;
  readonly retry_after_ms: number | null;
  readonly checkpoint: JsonValue | null;
}

/** The argument of the local activity that runs an attempt on the quick lane. */
export interface QuickAttemptInput extends AttemptInput {
  /** Whether the run has had a workflow task before, which may have been lost with an attempt in it. */
  readonly may_repeat: boolean;
}

/**
 * The result of the quick lane if the task needs another attempt, on the ordinary lane: no handler process was free, the
 * type's handlers have not been quick lately, or the attempt was cut short or lost with its worker.
 */
export interface MovedAttempt {
  readonly moved: true;
  /** Why, for people who read the event history. */
  readonly reason: string;
  /** The attempt, if one has begun. */
  readonly report?: AttemptReport;
  readonly checkpoint?: JsonValue;
}

/** Type of the failure by which a worker puts a try back into the queue without starting an attempt. */
export const deferredType = 'Deferred';

/** What a running attempt reports in its heartbeats. The server keeps the last one for the next attempt. */
export interface AttemptHeartbeat {
  readonly progress: { readonly percent: number; readonly message: string } | null;
  readonly checkpoint: JsonValue | null;
  /** Number of tries that a worker handed back at its shutdown, or deferred. They do not count as failures. */
  readonly handed_back: number;
  /** Number of these tries that never ran: the worker put them back into the queue. They are not attempts. */
  readonly deferred?: number;
  /** Number of attempts lost before this one, and how many of them count against the task. */
  readonly lost?: number;
  readonly blamed?: number;
  /** Set in the last heartbeat of an attempt that ended without its worker being lost. */
  readonly ended?: 'handed_back' | 'lost';
  /** The attempts up to this number have been reported to the workflow. */
  readonly reported?: number;
  /** The attempt that sent this heartbeat. */
  readonly current?: RunningAttempt;
}

/** What is known about an attempt while it runs. */
export interface RunningAttempt {
  readonly attempt: number;
  readonly started_at: string;
  readonly worker: string;
  readonly log: readonly string[];
  /** Time of the last heartbeat. */
  readonly heard_at: string;
}

/** The result of the `task` workflow. */
export interface TaskOutcome {
  readonly result: JsonValue;
  readonly attempt: number;
  readonly started_at: string;
  readonly attempts: readonly AttemptReport[];
}

/** The details of the `task` workflow's failure. */
export interface TaskFailureDetails {
  readonly attempt: number;
  readonly started_at: string | null;
  readonly retry_count: number;
  readonly attempts: readonly AttemptReport[];
}

/** The argument of the signal `command`. All commands share it: signals of different names lose their order. */
export interface TaskCommand {
  readonly command: 'pause' | 'resume' | 'run-now';
  /** Id of the account. */
  readonly by: string;
  readonly by_name?: string;
  /**
   * The run that the command is for, if it was sent in a way that reaches any run of the task. The first one, if that run
   * was reset in Temporal: it may be reset again, and then replays its commands.
   */
  readonly first_run_id?: string;
}

/** The argument of the signal `attempt-begun`, which an attempt sends once it has run for a second. */
export interface AttemptStart {
  readonly attempt: number;
  readonly started_at: string;
}

/** The argument of the signal `attempt-over`: an attempt was lost or handed back, and the server starts another. */
export interface AttemptInterruption {
  readonly report: AttemptReport;
}

/** The argument of the signal `successor`: the run that waits for the end of the task that receives the signal. */
export interface Dependent {
  readonly id: string;
  readonly run_id: string;
}

/** The argument of the update `edit`. */
export interface TaskEdit {
  /** The whole spec, so that the newest edit alone defines the task, however many edits came before. */
  readonly spec: TaskSpec;
  readonly changed: readonly (keyof TaskSpec)[];
  /** Whether the type declares the payload quick. */
  readonly quick?: boolean;
  /** Id of the account. */
  readonly by: string;
  readonly by_name?: string;
  /** Version that `spec` is based on. The edit is rejected if the task has another one. */
  readonly expected_version: number;
  /** After this instant, the caller no longer waits for the answer, so the edit must not happen. */
  readonly not_after: string;
}

/** The failure types with which the update `edit` is rejected. */
export type EditRejection = 'wrong_state' | 'stale_version' | 'expired';

/** The result of the query `status`: the workflow's own view of an open task. */
export interface TaskStatusReport {
  readonly spec: TaskSpec;
  readonly status: StoredStatus;
  readonly version: number;
  readonly updated_at: string;
  readonly started_at: string | null;
  readonly attempt: number;
  readonly retry_count: number;
  readonly next_attempt_at: string | null;
  readonly attempts: readonly AttemptReport[];
}

/** Returns whether a value is an instant as these records have it, in ISO 8601. */
export function isInstant(value: unknown): boolean {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}
