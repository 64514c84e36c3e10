/** How long due tasks have waited for their first attempt. */
import type { Execution } from './execution.ts';
import { firstDueVersion, pendingSince, runsMatching } from './search.ts';
import type { TaskStore } from './store.ts';

export interface PendingTasks {
  /** Time since the oldest one became due, in seconds; 0 if there is none. With many, up to a tenth less. */
  readonly oldestSeconds: number;
  /** Number of those that have been due for more than a minute. */
  readonly overdue: number;
}

const overdueMs = 60_000;
const rowsPerPage = 100;
/** Maximum age to look for, in milliseconds: no task has waited for longer than the service exists. */
const maxAgeMs = 20 * 365 * 86_400_000;
/** Minimum age to look for, in milliseconds. */
const minAgeMs = 1000;
const precision = 1.1;

/**
 * Takes one list call if few tasks are pending. Otherwise it counts, and then lists those due before certain instants,
 * until no other can be much older: lists have no order by due time. That takes at most eight more calls.
 */
export async function readPending(
  store: Pick<TaskStore, 'list' | 'count'>,
  now = Date.now(),
): Promise<PendingTasks> {
  const first = await store.list(runsMatching({ status: ['PENDING'] }, now), rowsPerPage);
  const ages = agesOf(first.executions, now);
  if (!first.nextPageToken) {
    return {
      oldestSeconds: seconds(Math.max(0, ...ages)),
      overdue: ages.filter((age) => age > overdueMs).length,
    };
  }
  const overdue = await store.count(pendingSince(now - overdueMs, now));
  return { oldestSeconds: seconds(await oldestOfMany(store, now, Math.max(0, ...ages))), overdue };
}

/** Returns the greatest age, by bisection on a logarithmic scale. @param known age of one of the tasks. */
async function oldestOfMany(store: Pick<TaskStore, 'list'>, now: number, known: number): Promise<number> {
  let oldest = known;
  let lo = Math.max(known, minAgeMs);
  let hi = maxAgeMs;
  while (hi / lo > precision) {
    const age = Math.sqrt(lo * hi);
    const { executions, nextPageToken } = await store.list(pendingSince(now - age, now), rowsPerPage);
    oldest = Math.max(oldest, ...agesOf(executions, now));
    if (executions.length === 0) hi = age;
    else if (nextPageToken) lo = Math.max(age, oldest);
    // All others are younger.
    else return oldest;
  }
  return oldest;
}

function agesOf(executions: readonly Execution[], now: number): number[] {
  return executions.map((execution) => now - dueSince(execution));
}

/**
 * Returns since when a task that is PENDING could have started: since its scheduled time, or since its last write if that
 * was later, such as its creation, its resumption, or the end of its last predecessor. Becoming due is a write too, on
 * the ordinary lane, made by the first worker that is free for it. It does not count if it is the only one. If there were
 * others, such as run-now, it came soon after the last of them, or after the scheduled time if a worker was there.
 */
function dueSince({ storedStatus, scheduledAt, updatedAt, version, memo }: Execution): number {
  if (storedStatus !== 'PENDING') return Math.max(scheduledAt, updatedAt);
  return version === firstDueVersion ? Math.max(scheduledAt, Date.parse(memo.created_at)) : updatedAt;
}

function seconds(ms: number): number {
  return ms / 1000;
}
