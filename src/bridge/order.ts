/** Decides which of two observations of a task is the later one, since they may arrive in any order. */
import { statusRank } from '../contract/status-rank.ts';
import { endedStatuses } from '../contract/task.ts';
import type { Observation } from '../tasks/feed.ts';

/** Returns whether `next` belongs to another run than `last`, and the end of `last` has not been seen. */
export function skipsEnd(last: Observation, next: Observation): boolean {
  return next.runId !== last.runId && !endedStatuses.has(last.task.status);
}

/** Returns whether `next` is later than `last`. Observations that arrive out of order are not reported. */
export function isForward(last: Observation, next: Observation): boolean {
  // A run ends once, and only another run can follow.
  if (next.runId === last.runId && endedStatuses.has(last.task.status)) return false;
  // The task was deleted and created again under the same id (by its Idempotency-Key): its version starts over.
  if (next.task.created_at !== last.task.created_at) return next.task.created_at > last.task.created_at;
  if (next.task.version !== last.task.version) return next.task.version > last.task.version;
  // A new run always starts with a higher version.
  if (next.runId !== last.runId) return false;
  if (endedStatuses.has(next.task.status)) return true;
  if (statusRank[next.task.status] !== statusRank[last.task.status]) {
    return statusRank[next.task.status] > statusRank[last.task.status];
  }
  // A new watcher's observation may be older than one that has been reported. Also, an attempt that has just ended is
  // not counted until its workflow knows of it.
  return next.transitions >= last.transitions && next.task.attempt >= last.task.attempt;
}
