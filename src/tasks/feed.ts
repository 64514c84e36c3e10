/** What the bridge asks: which tasks have changed, and how does one stand. */
import { ifFound } from '../contract/errors.ts';
import type { TaskSummary } from '../contract/task.ts';
import { type Actor, loadTask } from './access.ts';
import type { Execution, LiveExecution } from './execution.ts';
import { allRows, endingOf, type Reader } from './read.ts';
import { closedSince, writtenSince } from './search.ts';
import { summarise } from './snapshot.ts';

/** A row of one of the two lists of a tick: enough to tell whether it is news. */
export interface Change {
  readonly id: string;
  readonly runId: string;
  readonly version: number;
  readonly owner: string;
  readonly ended: boolean;
}

/** Where to read on: the greatest server times seen, in milliseconds. */
export interface FeedCursor {
  readonly written: number;
  readonly closed: number;
}

export interface Changes {
  readonly changes: readonly Change[];
  readonly cursor: FeedCursor;
}

/** How a watched task stands. */
export interface Observation {
  readonly runId: string;
  /** Equal for two observations between which nothing has happened in Temporal. */
  readonly transitions: number;
  readonly task: TaskSummary;
}

/** Visibility may show a write later than one that was made after it. */
const overlapMs = 3000;

/** Two lists, whatever the number of watched tasks: one for both would be an order of magnitude slower. */
export async function changesSince({ store }: Reader, cursor: FeedCursor): Promise<Changes> {
  const [written, closed] = await Promise.all([
    allRows(store, writtenSince(cursor.written - overlapMs)),
    allRows(store, closedSince(cursor.closed - overlapMs)),
  ]);
  return {
    changes: [...written, ...closed].map(changeOf),
    cursor: {
      // A run's first write bears the time of the API that started it: where that clock runs ahead, it must not carry
      // us past the writes of others.
      written: Math.max(cursor.written, ...written.map((row) => Math.min(row.updatedAt, Date.now()))),
      closed: Math.max(cursor.closed, ...closed.map((row) => row.closedAt ?? 0)),
    },
  };
}

function changeOf({ id, runId, version, owner, status }: Execution): Change {
  return { id, runId, version, owner, ended: status !== 'open' };
}

/** The first observation for a new watcher. @throws AppError not_found for those who may not see the task. */
export async function observeAs(reader: Reader, actor: Actor, id: string): Promise<Observation> {
  return observation(reader, await loadTask(reader.store, actor, id));
}

/** The newest run, or the named one. @returns undefined when it is gone. Who may see it was decided when its watcher came. */
export async function observeTask(
  reader: Reader,
  id: string,
  runId?: string,
): Promise<Observation | undefined> {
  const execution = await ifFound(reader.store.describe(id, runId));
  return execution && ifFound(observation(reader, execution));
}

async function observation(reader: Reader, execution: LiveExecution): Promise<Observation> {
  const ending = await endingOf(reader.store, execution);
  const { runId, transitions } = execution;
  return { runId, transitions, task: summarise(execution, { now: Date.now(), ending }) };
}
