/** How long due tasks have waited for their first attempt. */
import type { Execution } from './execution.ts';
import { runsMatching } from './search.ts';
import type { TaskStore } from './store.ts';

export interface PendingTasks {
  /** Time since the oldest one became due, in seconds; 0 if there is none. With many, up to a tenth less. */
  readonly oldestSeconds: number;
  /** Number of those that have been due for more than a minute. */
  readonly overdue: number;
}

const overdueMs = 60_000;
const rowsPerPage = 100;
/** Bounds of the search for the oldest of many, in milliseconds: a task can be paused for years before it becomes due. */
const bounds = { lo: 1000, hi: 20 * 365 * 86_400_000 };
const precision = 1.1;

/**
 * Takes one list call if few tasks are pending. Otherwise it counts, and then lists those due before certain instants,
 * until few are left: lists have no order by due time.
 */
export async function readPending(
  store: Pick<TaskStore, 'list' | 'count'>,
  now = Date.now(),
): Promise<PendingTasks> {
  const first = await store.list(pendingBefore(now), rowsPerPage);
  if (!first.nextPageToken) {
    const ages = first.executions.map((execution) => now - dueSince(execution));
    return {
      oldestSeconds: seconds(Math.max(0, ...ages)),
      overdue: ages.filter((age) => age > overdueMs).length,
    };
  }
  const overdue = await store.count(pendingBefore(now, now - overdueMs));
  return { oldestSeconds: seconds(await oldestOfMany(store, now)), overdue };
}

/** Returns the age of the oldest task by its scheduled time, by bisection on a logarithmic scale. */
async function oldestOfMany(store: Pick<TaskStore, 'list'>, now: number): Promise<number> {
  let { lo, hi } = bounds;
  while (hi / lo > precision) {
    const age = Math.sqrt(lo * hi);
    const { executions, nextPageToken } = await store.list(pendingBefore(now, now - age), rowsPerPage);
    if (executions.length === 0) hi = age;
    else if (nextPageToken) lo = age;
    else return Math.max(...executions.map((execution) => now - dueSince(execution)));
  }
  return lo;
}

function pendingBefore(now: number, scheduledBefore?: number): string {
  const before =
    scheduledBefore === undefined ? {} : { scheduled_before: new Date(scheduledBefore).toISOString() };
  return runsMatching({ status: ['PENDING'], ...before }, now);
}

/** Returns when a task became due. One that waited for others, or was run early, became due when that was written. */
function dueSince({ scheduledAt, updatedAt, memo }: Execution): number {
  const hasPredecessors = (memo.after ?? []).length > 0;
  return hasPredecessors ? updatedAt : Math.min(scheduledAt, updatedAt);
}

function seconds(ms: number): number {
  return ms / 1000;
}
