/** Decides which of two observations of a task is the later one, since they may arrive in any order. */
import { compareAge, compareVersions, endedStatuses } from '../contract/status.ts';
import type { Observation } from '../tasks/feed.ts';

/** Returns whether `next` belongs to another run than `last`, and the end of `last` has not been seen. */
export function skipsEnd(last: Observation, next: Observation): boolean {
  return next.runId !== last.runId && !endedStatuses.has(last.task.status);
}

/** Returns whether `next` is later than `last`. Observations that arrive out of order are not reported. */
export function isForward(last: Observation, next: Observation): boolean {
  const version = compareVersions(next.task, last.task);
  // A retry starts with a higher version, and a run that someone has reset in Temporal is created later.
  if (next.runId !== last.runId) return version > 0;
  // A run ends once, and only another run can follow.
  if (endedStatuses.has(last.task.status)) return false;
  const age = compareAge(next.task, last.task);
  if (version !== 0 || next.task.status !== last.task.status) return age > 0;
  // A new watcher's observation may be older than one that has been reported. Also, an attempt that has just ended is
  // not counted until its workflow knows of it.
  return age >= 0 && next.transitions >= last.transitions;
}
