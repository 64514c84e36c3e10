/**
 * Turns a run's records (from describe or a list row, and the close event of an ended run) into what its
 * owner sees.
 */
import type { EndedStatus } from '../contract/status.ts';
import type { TaskSummary, Waiting } from '../contract/task.ts';
import type { Ending } from './ending.ts';
import type { Execution, LiveExecution } from './execution.ts';
import { listedOf } from '../contract/spec.ts';
import { timeOfUuid } from '../lib/uuid.ts';

export const endedStatus: Record<Exclude<Execution['status'], 'open'>, EndedStatus> = {
  completed: 'COMPLETED',
  cancelled: 'CANCELLED',
  failed: 'FAILED',
  // Ended from outside: the task has not done its work.
  terminated: 'FAILED',
  timed_out: 'FAILED',
};

export interface SummaryExtras {
  readonly now: number;
  readonly ending?: Ending | undefined;
  /** Start of the first attempt, where the execution does not show it. */
  readonly firstStart?: string | undefined;
  readonly webUiLink?: string | undefined;
}

/** Describes a task from its newest run. Without `pending` (a list's row) the view may lag by two seconds. */
export function summarise(execution: Execution | LiveExecution, extras: SummaryExtras): TaskSummary {
  const { memo } = execution;
  const view = 'pending' in execution ? liveView(execution, extras.now) : rowView(execution, extras.now);
  const { ending } = extras;
  const tags = [...(memo.tags ?? execution.tags)];
  const { name, description, ...listed } = listedOf({ ...memo, tags });
  return {
    id: execution.id,
    // These fields come first, for people who read the JSON.
    name,
    description,
    type: memo.type,
    ...view,
    scheduled_time: iso(execution.scheduledAt),
    ...listed,
    after: memo.after ?? [],
    after_policy: memo.after_policy ?? 'completed',
    attempt: ending?.attempt ?? view.attempt,
    retry_count: memo.retry_count,
    max_retries: listed.retry.max_retries,
    result: ending?.result ?? null,
    error_message: ending?.errorMessage ?? errorMessage(execution),
    created_at: memo.created_at,
    run_created_at: runCreatedAt(execution),
    updated_at: iso(Math.max(execution.updatedAt, execution.closedAt ?? 0)),
    started_at: ending?.startedAt ?? extras.firstStart ?? view.started_at,
    finished_at: execution.closedAt === undefined ? null : iso(execution.closedAt),
    version: execution.version,
    owner: execution.owner,
    schedule: memo.schedule ?? null,
    links: {
      self: `/api/tasks/${execution.id}/`,
      events: `/api/tasks/${execution.id}/events/`,
      ...(extras.webUiLink === undefined ? {} : { temporal: extras.webUiLink }),
    },
  };
}

/**
 * Returns when a run was created: the time in its id, which the response to a creation has too. The id of a run that
 * was reset has none.
 */
export function runCreatedAt({
  runId,
  startedAt,
  memo,
}: Pick<Execution, 'runId' | 'startedAt' | 'memo'>): string {
  // The response to a creation only has an estimate of the start, no earlier than `created_at`.
  return iso(timeOfUuid(runId) ?? Math.max(startedAt, Date.parse(memo.created_at)));
}

type View = Pick<TaskSummary, 'status' | 'waiting' | 'progress' | 'attempt' | 'started_at'>;

function rowView(execution: Execution, now: number): View {
  const { memo } = execution;
  const common = { progress: null, attempt: memo.attempt, started_at: memo.started_at ?? null };
  if (execution.status !== 'open') {
    // The memo counts failed attempts; the one that succeeded came after them.
    const attempt = execution.status === 'completed' ? memo.attempt + 1 : memo.attempt;
    return { status: endedStatus[execution.status], waiting: null, ...common, attempt };
  }
  switch (execution.storedStatus) {
    case 'AFTER':
      return { status: 'SCHEDULED', waiting: { reason: 'after' }, ...common };
    case 'PAUSED':
      return { status: 'SCHEDULED', waiting: { reason: 'paused' }, ...common };
    case 'SCHEDULED':
      return execution.scheduledAt > now
        ? { status: 'SCHEDULED', waiting: { reason: 'time', until: iso(execution.scheduledAt) }, ...common }
        : { status: 'PENDING', waiting: { reason: 'worker' }, ...common };
    case 'PENDING':
      return { status: 'PENDING', waiting: { reason: 'worker' }, ...common };
    case 'RUNNING':
      return { status: 'RUNNING', waiting: backoff(execution, now), ...common };
  }
}

function liveView(execution: LiveExecution, now: number): View {
  const row = rowView(execution, now);
  if (execution.status !== 'open') return cutOff(execution, row);
  const view = execution.pending
    ? attemptView(execution, row, execution.pending, now)
    : betweenAttempts(execution, row);
  // It goes on as soon as a worker can run its code, which the owner cannot bring about.
  if (execution.isStuck) return { ...view, waiting: { reason: 'stuck' } };
  return execution.cancelRequested ? { ...view, waiting: { reason: 'cancelling' } } : view;
}

/** Returns the view of an ended run. If it was ended from outside, its last attempt is still pending. */
function cutOff({ pending }: LiveExecution, row: View): View {
  if (!pending?.started) return row;
  const started_at = row.started_at ?? (pending.startedAt === undefined ? null : iso(pending.startedAt));
  return { ...row, attempt: row.attempt + pending.attempt, started_at };
}

function attemptView(
  { storedStatus }: LiveExecution,
  row: View,
  pending: NonNullable<LiveExecution['pending']>,
  now: number,
): View {
  // A run from before 0.2 writes these before its attempt is withdrawn: the task does not run.
  if (storedStatus !== 'PENDING' && storedStatus !== 'RUNNING') return row;
  if (!pending.started) return { ...row, waiting: { reason: 'worker' } };
  const waitsUntil = pending.nextAt;
  const waiting: Waiting = pending.running
    ? null
    : pending.paused
      ? { reason: 'paused' }
      : waitsUntil !== undefined && waitsUntil > now
        ? { reason: 'backoff', until: iso(waitsUntil) }
        : { reason: 'worker' };
  return {
    status: 'RUNNING',
    waiting,
    progress: pending.heartbeat?.progress ?? null,
    // Between two of the server's own tries, the next one has not started.
    attempt: row.attempt + pending.attempt - (pending.running ? 0 : 1),
    started_at: row.started_at ?? (pending.startedAt === undefined ? null : iso(pending.startedAt)),
  };
}

/**
 * Returns the view of an open run that has no pending attempt. Unless the attempt was withdrawn, PENDING is written
 * together with the first attempt, so that attempt has just ended and the run is about to end. Showing PENDING again
 * would be a step back.
 */
function betweenAttempts(execution: LiveExecution, row: View): View {
  const hasEnded = execution.storedStatus === 'PENDING' && execution.memo.withdrawing !== true;
  return hasEnded ? { ...row, status: 'RUNNING', waiting: null } : row;
}

/** Returns what the task waits for between attempts: the end of its backoff, and then a worker. */
function backoff({ memo }: Execution, now: number): Waiting {
  const until = memo.next_attempt_at;
  if (!until) return null;
  return Date.parse(until) > now ? { reason: 'backoff', until } : { reason: 'worker' };
}

function errorMessage({ status, memo }: Execution): string | null {
  if (status === 'terminated') return 'Terminated from outside';
  if (status === 'timed_out') return 'Timed out in Temporal';
  // The error of an earlier attempt is not the error of a task that then succeeded or was cancelled.
  return status === 'failed' || status === 'open' ? (memo.error_message ?? null) : null;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
