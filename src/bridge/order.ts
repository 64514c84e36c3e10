/** Which of two observations of a task is the later one: they may arrive in any order. */
import { statusRank } from '../contract/status-rank.ts';
import { endedStatuses } from '../contract/task.ts';
import type { Observation } from '../tasks/feed.ts';

/** Whether `next` is of another run than `last`, whose own end has not been seen. */
export function skipsEnd(last: Observation, next: Observation): boolean {
  return next.runId !== last.runId && !endedStatuses.has(last.task.status);
}

/** Observations of one task may arrive out of order; only what leads forward is told. */
export function isForward(last: Observation, next: Observation): boolean {
  // One end a run, and after it only another run.
  if (next.runId === last.runId && endedStatuses.has(last.task.status)) return false;
  // Deleted, and made anew under the same id (by its Idempotency-Key): another task, which counts from the beginning.
  if (next.task.created_at !== last.task.created_at) return next.task.created_at > last.task.created_at;
  if (next.task.version !== last.task.version) return next.task.version > last.task.version;
  // A new run always begins with a higher version.
  if (next.runId !== last.runId) return false;
  if (endedStatuses.has(next.task.status)) return true;
  if (statusRank[next.task.status] !== statusRank[last.task.status]) {
    return statusRank[next.task.status] > statusRank[last.task.status];
  }
  // A newcomer's observation may have been made before one that has been told; and an attempt that has just ended
  // counts no more for as long as its workflow has not heard of it.
  return next.transitions >= last.transitions && next.task.attempt >= last.task.attempt;
}
