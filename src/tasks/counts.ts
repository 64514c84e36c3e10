/** Counts of tasks by status, exact across retries: visibility counts runs, and a task may have several of them. */
import type { TaskFilter } from '../contract/filter.ts';
import { ends, type TaskStatus, taskStatuses } from '../contract/status.ts';
import type { TaskCounts } from '../contract/task.ts';
import type { Actor } from '../resources/actor.ts';
import { supersededRuns, visibleTo } from './list.ts';
import { allRows } from './rows.ts';
import {
  amongIds,
  endedRuns,
  idsForQueries,
  isLasting,
  type Narrowest,
  pendingMatching,
  retriesMatching,
  retriesSince,
  runsMatching,
} from './search.ts';
import { createSharedAnswers } from './shared-answers.ts';
import { endedStatus } from './summary.ts';
import type { TaskStore } from './store.ts';

type Counts = Record<TaskStatus, number>;

/** Maximum number of answers that are shared. */
const maxShared = 100;
/** Time for which an answer that took long is good, in milliseconds: counting takes at most a tenth of the time. */
const freshMs = (tookMs: number): number => (tookMs < 50 ? 0 : Math.min(10 * tookMs, 5000));

/**
 * Returns a function that counts the tasks that match a filter. Takes four calls if nothing was retried, otherwise at best
 * three more. The server counts row by row, so those who ask for the same at the same time, or soon after, share an answer.
 */
export function createCounts(store: TaskStore) {
  const answers = createSharedAnswers<TaskCounts>({ freshMs, max: maxShared });
  return async (actor: Actor, asked: TaskFilter): Promise<TaskCounts> => {
    const filter = visibleTo(actor, asked);
    return answers(JSON.stringify(filter), () => countTasks(store, filter));
  };
}

/** Counts the tasks that match a filter, of any owner. */
export async function countTasks(
  store: TaskStore,
  { status: wanted = taskStatuses, ...filter }: TaskFilter,
): Promise<TaskCounts> {
  const [runs, superseded] = await Promise.all([countRuns(store, filter), countSuperseded(store, filter)]);
  const counts = none();
  // The calls see different moments, and visibility may show a new run before the end of the run it replaced.
  for (const status of wanted) counts[status] = Math.max(0, runs[status] - superseded[status]);
  return { counts, total: sum(counts) };
}

async function countRuns(store: TaskStore, filter: TaskFilter): Promise<Counts> {
  const counts = none();
  for (const [status, count] of await store.countByExecution(runsMatching(filter, Date.now(), 'groups'))) {
    // Which of the open runs are PENDING or RUNNING is counted below.
    counts[status === 'open' ? 'SCHEDULED' : endedStatus[status]] += count;
  }
  const { pending, running } = await countUnderWay(store, filter, counts);
  return { ...counts, SCHEDULED: counts.SCHEDULED - pending - running, PENDING: pending, RUNNING: running };
}

/** Number of runs up to which it is of no use to choose how they are counted. */
const few = 1000;

/** @param counts with all open runs as SCHEDULED. */
async function countUnderWay(
  store: TaskStore,
  filter: TaskFilter,
  counts: Counts,
): Promise<{ readonly pending: number; readonly running: number }> {
  const { SCHEDULED: open, ...rest } = counts;
  if (open === 0) return { pending: 0, running: 0 };
  const ended = sum(rest);
  const now = Date.now();
  const matching = (status: TaskStatus, narrowest: Narrowest): string =>
    runsMatching({ ...filter, status: [status] }, now, narrowest);
  const narrowest = open + ended <= few ? 'owner' : open > ended ? 'state' : 'open';
  const [running, ...pending] = await Promise.all(
    [
      matching('RUNNING', narrowest),
      ...(narrowest === 'state' ? pendingMatching(filter, now, narrowest) : [matching('PENDING', narrowest)]),
    ].map((query) => store.count(query)),
  );
  return { pending: sum(pending), running: running ?? 0 };
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

function sum(counts: Readonly<Record<string, number>> | readonly number[]): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function none(): Counts {
  return { SCHEDULED: 0, PENDING: 0, RUNNING: 0, COMPLETED: 0, FAILED: 0, CANCELLED: 0 };
}
