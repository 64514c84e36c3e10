/** Counts of tasks by status, exact across retries: visibility counts runs, and a task may have several of them. */
import type { TaskFilter } from '../contract/filter.ts';
import { ends, type TaskStatus, taskStatuses } from '../contract/status.ts';
import type { TaskCounts } from '../contract/task.ts';
import type { Actor } from '../resources/actor.ts';
import { supersededRuns, visibleTo } from './list.ts';
import type { ServiceContext } from './context.ts';
import { allRows } from './rows.ts';
import {
  amongIds,
  endedRuns,
  idsForQueries,
  isLasting,
  retriesMatching,
  retriesSince,
  runsMatching,
} from './search.ts';
import { endedStatus } from './summary.ts';
import type { TaskStore } from './store.ts';

type Counts = Record<TaskStatus, number>;

/** Counts the tasks that match a filter. Takes four calls if nothing was retried, otherwise at best three more. */
export async function countTasks(
  { store }: ServiceContext,
  actor: Actor,
  asked: TaskFilter,
): Promise<TaskCounts> {
  const { status: wanted = taskStatuses, ...filter } = visibleTo(actor, asked);
  const [runs, superseded] = await Promise.all([countRuns(store, filter), countSuperseded(store, filter)]);
  const counts = none();
  // The calls see different moments, and visibility may show a new run before the end of the run it replaced.
  for (const status of wanted) counts[status] = Math.max(0, runs[status] - superseded[status]);
  return { counts, total: Object.values(counts).reduce((sum, count) => sum + count) };
}

async function countRuns(store: TaskStore, filter: TaskFilter): Promise<Counts> {
  const now = Date.now();
  const [byExecution, scheduled, pending] = await Promise.all([
    store.countByExecution(runsMatching(filter, now)),
    store.count(runsMatching({ ...filter, status: ['SCHEDULED'] }, now)),
    store.count(runsMatching({ ...filter, status: ['PENDING'] }, now)),
  ]);
  const counts = { ...none(), SCHEDULED: scheduled, PENDING: pending, RUNNING: -scheduled - pending };
  for (const [status, count] of byExecution) {
    counts[status === 'open' ? 'RUNNING' : endedStatus[status]] += count;
  }
  return counts;
}

/** Counts the runs that match the filter but were replaced by a retry. */
async function countSuperseded(store: TaskStore, filter: TaskFilter): Promise<Counts> {
  const counts = none();
  if ((await store.count(retriesMatching(filter))) === 0) return counts;
  if (!isLasting(filter)) return countSupersededOneByOne(store, filter);
  // A replaced run ends before its replacement, so the namespace may have deleted it already.
  const oldest = Date.now() - (await store.temporal.retentionMs());
  const each = await Promise.all(ends.map((ended) => store.count(retriesSince(filter, ended, oldest))));
  for (const [index, ended] of ends.entries()) counts[ended] = each[index] ?? 0;
  return counts;
}

/** Counts run by run: an earlier run may match the filter while its replacement doesn't, or vice versa. */
async function countSupersededOneByOne(store: TaskStore, filter: TaskFilter): Promise<Counts> {
  const counts = none();
  const ids = [...new Set((await allRows(store, retriesMatching(filter))).map(({ id }) => id))];
  for (const some of idsForQueries(ids)) {
    const rows = await allRows(store, amongIds(endedRuns(runsMatching(filter, Date.now())), some));
    const superseded = await supersededRuns(store, rows);
    for (const { runId, status } of rows) {
      if (status !== 'open' && superseded.has(runId)) counts[endedStatus[status]] += 1;
    }
  }
  return counts;
}

function none(): Counts {
  return { SCHEDULED: 0, PENDING: 0, RUNNING: 0, COMPLETED: 0, FAILED: 0, CANCELLED: 0 };
}
