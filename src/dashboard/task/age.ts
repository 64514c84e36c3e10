import { statusRank } from '../../contract/status-rank.ts';
import type { TaskSummary } from '../../contract/task.ts';

type Facts = Pick<TaskSummary, 'created_at' | 'version' | 'status' | 'attempt'>;

/**
 * Compares the age of two states of a task: below 0 if `a` is older, above 0 if it is newer. 0 if they are of
 * the same age as far as can be known: progress, log lines and what the task waits for change while all these
 * fields stay the same.
 */
export function compareAge(a: Facts, b: Facts): number {
  // Deleted and created again under the same id: another task, whose versions start over.
  if (a.created_at !== b.created_at) return a.created_at < b.created_at ? -1 : 1;
  return a.version - b.version || statusRank[a.status] - statusRank[b.status] || a.attempt - b.attempt;
}
