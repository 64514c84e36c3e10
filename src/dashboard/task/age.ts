import { statusRank } from '../../contract/status-rank.ts';
import type { TaskSummary } from '../../contract/task.ts';

type Facts = Pick<TaskSummary, 'created_at' | 'version' | 'status' | 'attempt'>;

/**
 * Below 0 where `a` is the older of two states of a task, above 0 where it is the newer one. 0: they are of the same
 * age as far as one can know, since progress, log lines and what it waits for move while all this stays.
 */
export function compareAge(a: Facts, b: Facts): number {
  // Deleted, and made anew under the same id: another task, whose versions begin anew.
  if (a.created_at !== b.created_at) return a.created_at < b.created_at ? -1 : 1;
  return a.version - b.version || statusRank[a.status] - statusRank[b.status] || a.attempt - b.attempt;
}
