/** Number of tasks that become due within the next hour, in buckets of five minutes. */
import type { DueTasks } from '../contract/overview.ts';
import type { TaskFilter } from '../contract/filter.ts';
import { tally } from './periods.ts';
import { runsMatching } from './search.ts';
import type { TaskStore } from './store.ts';

const lengthMs = 300_000;
const buckets = 12;
const rowsPerPage = 100;

/** Counts the due tasks. Takes one call if they are few, otherwise one more for each bucket. */
export async function countDue(
  store: Pick<TaskStore, 'list' | 'count'>,
  owner: string | undefined,
): Promise<DueTasks> {
  const now = Date.now();
  const within = (from: number, to: number): string => runsMatching(dueFilter(owner, from, to), now);
  const page = await store.list(within(now, now + buckets * lengthMs), rowsPerPage);
  const due = page.executions.map(({ scheduledAt }) => scheduledAt);
  const starts = Array.from({ length: buckets }, (_, index) => now + index * lengthMs);
  const counts = page.nextPageToken
    ? await Promise.all(starts.map((from) => store.count(within(from, from + lengthMs))))
    : tally(due, { from: now, count: buckets, lengthMs });
  return {
    from: new Date(now).toISOString(),
    bucket_seconds: lengthMs / 1000,
    counts,
    total: counts.reduce((sum, count) => sum + count, 0),
  };
}

function dueFilter(owner: string | undefined, from: number, to: number): TaskFilter {
  return {
    status: ['SCHEDULED'],
    scheduled_after: new Date(from).toISOString(),
    scheduled_before: new Date(to).toISOString(),
    ...(owner === undefined ? {} : { owner }),
  };
}
