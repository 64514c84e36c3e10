/**
 * What passes between the service, the workflow and the activity. Types only: the workflow's bundle stays small, and
 * Temporal's own records (where these shapes are kept for as long as the task) need no parsing on replay.
 * Field names are those of the API, so that the Temporal Web UI reads like it. Instants are RFC 3339 in UTC with
 * milliseconds, durations seconds.
 */
import type { JsonValue } from './json.ts';
import type { StoredStatus } from './names.ts';
import type { AfterPolicy, PredecessorOver } from './predecessors.ts';

/** A task's own retry policy: how often, and how soon, a handler's failure is tried again. */
export interface RetryPolicy {
  readonly max_retries: number;
  readonly initial_interval: number;
  readonly backoff_coefficient: number;
  readonly maximum_interval: number;
}

/** The part of a task that its owner may edit until it starts. */
export interface TaskSpec {
  readonly name: string;
  readonly description: string;
  readonly scheduled_time: string;
  readonly payload: JsonValue;
  readonly tags: readonly string[];
  readonly priority: number;
  readonly retry: RetryPolicy;
  readonly soft_time_limit: number;
  readonly time_limit: number;
}

/** Who did something to a task. */
export interface Author {
  readonly id: string;
  readonly name: string | null;
}

/** The argument of the `task` workflow. */
export interface TaskInput extends TaskSpec {
  readonly type: string;
  readonly owner: { readonly id: string; readonly name: string };
  readonly created_at: string;
  /** Counts on over retries, so that neither ever falls: what this run begins with. */
  readonly version: number;
  readonly retry_count: number;
  /** On a run that a retry began. */
  readonly retried_by?: Author;
  /** Ids of the tasks that it follows. */
  readonly after?: readonly string[];
  readonly after_policy?: AfterPolicy;
  /** Those of them that had ended when the run was started, and how. */
  readonly predecessors_over?: readonly PredecessorOver[];
  /** An earlier run has got beyond them: this one does not wait for them again. */
  readonly after_met?: true;
}

/** The workflow's memo: what lists show without asking the workflow. At most 4 KiB. */
export interface TaskMemo {
  readonly name: string;
  /** The first 200 characters. */
  readonly description: string;
  readonly type: string;
  /** As they were written; the search attribute has them in the form in which they are found. */
  readonly tags?: readonly string[];
  readonly priority: number;
  readonly retry: RetryPolicy;
  readonly soft_time_limit: number;
  readonly time_limit: number;
  readonly created_at: string;
  readonly retry_count: number;
  readonly attempt: number;
  readonly after?: readonly string[];
  readonly after_policy?: AfterPolicy;
  /** Those of them that have not ended, where that is not all. */
  readonly waits_for?: readonly string[];
  /** Digest of the request that made the task, where it came with an Idempotency-Key. */
  readonly fingerprint?: string;
  /** On a run that a retry with an Idempotency-Key began: a digest of who and which key, and of the request. */
  readonly retry_key?: string;
  readonly retry_fingerprint?: string;
  /** An edit has changed what the start event says. */
  readonly edited?: boolean;
  readonly started_at?: string;
  /** Of the last failed attempt; at most 1 KiB. */
  readonly error_message?: string;
  /** In the past once that attempt has been scheduled. */
  readonly next_attempt_at?: string | null;
}

export interface ErrorReport {
  /** A short, stable word for the kind of failure, such as `HttpStatus`. */
  readonly type: string;
  readonly message: string;
}

/** What remains of an attempt once it is over. */
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

/** The argument of the `processTask` activity. */
export interface AttemptInput {
  readonly type: string;
  readonly payload: JsonValue;
  readonly owner: { readonly id: string; readonly name: string };
  /** Attempts that earlier activities of this run have used up. */
  readonly prior_attempts: number;
  readonly soft_time_limit: number;
  readonly time_limit: number;
  /** What the last failed attempt saved. */
  readonly checkpoint: JsonValue | null;
  /** Should this one fail as well, it hands on none: the run's history has no room for more. */
  readonly discards_checkpoint?: boolean;
}

/** The result of the `processTask` activity. */
export interface AttemptSuccess {
  readonly result: JsonValue;
  readonly report: AttemptReport;
}

/** The details of the `processTask` activity's own failure. */
export interface AttemptFailure {
  readonly report: AttemptReport;
  readonly retryable: boolean;
  readonly retry_after_ms: number | null;
  readonly checkpoint: JsonValue | null;
}

/** What a running attempt tells through its heartbeats. The server keeps the last one for the next attempt. */
export interface AttemptHeartbeat {
  readonly progress: { readonly percent: number; readonly message: string } | null;
  readonly checkpoint: JsonValue | null;
  /** Tries of this activity that a worker gave back, shutting down or deferring: they count as nobody's failure. */
  readonly handed_back: number;
  /** Those of them that never ran: the worker was trying another suspect task. They are no attempts. */
  readonly deferred?: number;
  /** The attempts up to this one have been reported to the workflow. */
  readonly reported?: number;
  /** The attempt that this heartbeat is of. */
  readonly current?: RunningAttempt;
}

/** What is known of an attempt while it runs. */
export interface RunningAttempt {
  readonly attempt: number;
  readonly started_at: string;
  readonly worker: string;
  readonly log: readonly string[];
  /** When it was heard of last. */
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

/** The argument of the signal `command`. One signal for all of them: signals of different names lose their order. */
export interface TaskCommand {
  readonly command: 'pause' | 'resume' | 'run-now';
  /** An account's id. */
  readonly by: string;
  readonly by_name?: string;
}

/** The argument of the signal `attempt-begun`, which an attempt sends once it has lived for a second. */
export interface AttemptBegun {
  readonly attempt: number;
  readonly started_at: string;
}

/** The argument of the signal `attempt-over`: an attempt was lost or handed back, and the server begins another. */
export interface AttemptOver {
  readonly report: AttemptReport;
}

/** The argument of the signal `successor`: this run of a task waits for the end of the one that is told. */
export interface Successor {
  readonly id: string;
  readonly run_id: string;
}

/** The argument of the update `edit`. */
export interface TaskEdit {
  /** All of it, so that the newest edit alone tells what the task is to do, however many came before. */
  readonly spec: TaskSpec;
  readonly changed: readonly (keyof TaskSpec)[];
  /** An account's id. */
  readonly by: string;
  readonly by_name?: string;
  /** The version that `spec` was made from; another one is refused. */
  readonly expected_version: number;
  /** After this instant nobody waits for the answer any more, so the edit must not happen. */
  readonly not_after: string;
}

/** The types of the failures with which the update `edit` is refused. */
export type EditRefusal = 'wrong_state' | 'stale_version' | 'expired';

/** The answer of the query `status`: the workflow's own view of an open task. */
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
