/** Queries of the bridge: which tasks have changed, and what state a task is in. */
import { ifFound } from '../contract/errors.ts';
import type { Versioned } from '../contract/status.ts';
import type { TaskSummary } from '../contract/task.ts';
import { loadTask } from './access.ts';
import type { Actor } from '../resources/actor.ts';
import type { ServiceContext } from './context.ts';
import type { Deletion } from './deletions.ts';
import type { Execution, LiveExecution } from './execution.ts';
import { interruptedStart } from './first-start.ts';
import { endingOf } from './read.ts';
import { allRows } from './rows.ts';
import { closedSince, writtenSince } from './search.ts';
import type { TaskStore } from './store.ts';
import { runCreatedAt, summarise } from './summary.ts';

/** A row of one of the two lists of a tick: enough to decide whether it is new. */
export interface Change extends Versioned {
  readonly id: string;
  readonly runId: string;
  readonly owner: string;
  readonly ended: boolean;
}

/** Position to read on from: the latest server times seen, in milliseconds. */
export interface FeedCursor {
  readonly written: number;
  readonly closed: number;
}

export interface Changes {
  readonly changes: readonly Change[];
  /** Deletions that were posted since the cursor; most of them come in several ticks. */
  readonly deletions: readonly Deletion[];
  readonly cursor: FeedCursor;
}

/** The state of a watched task. */
export interface Observation {
  readonly runId: string;
  /** Equal in two observations if nothing has happened in Temporal between them. */
  readonly transitions: number;
  readonly task: TaskSummary;
}

/** Overlap of successive lists, in milliseconds: visibility may show a write after a later one. */
const overlapMs = 3000;

/**
 * Returns the changes since a cursor. Takes two lists, however many tasks are watched: one for both would be an order
 * of magnitude slower.
 */
export async function changesSince({ store }: ServiceContext, cursor: FeedCursor): Promise<Changes> {
  const deletions: Deletion[] = [];
  const writes: Pick<TaskStore, 'list'> = {
    async list(...request) {
      const page = await store.listChanges(...request);
      deletions.push(...page.deletions);
      return page;
    },
  };
  const [written, closed] = await Promise.all([
    allRows(writes, writtenSince(cursor.written - overlapMs)),
    allRows(store, closedSince(cursor.closed - overlapMs)),
  ]);
  return {
    changes: [...written, ...closed].map(changeOf),
    deletions,
    cursor: {
      // A run's first write has the time of the API process that started it. If that clock runs ahead, it must not
      // make the cursor skip the writes of others.
      written: Math.max(cursor.written, ...written.map((row) => Math.min(row.updatedAt, Date.now()))),
      closed: Math.max(cursor.closed, ...closed.map((row) => row.closedAt ?? 0)),
    },
  };
}

function changeOf(execution: Execution): Change {
  const { id, runId, version, owner, status, memo } = execution;
  const { created_at } = memo;
  return {
    id,
    runId,
    created_at,
    run_created_at: runCreatedAt(execution),
    version,
    owner,
    ended: status !== 'open',
  };
}

/** Returns the first observation for a new watcher. @throws AppError not_found if the actor may not see the task. */
export async function observeAs(context: ServiceContext, actor: Actor, id: string): Promise<Observation> {
  return observation(context, await loadTask(context.store, actor, id));
}

/**
 * Observes the newest run, or the named one. Doesn't check access: that was done when the watcher arrived.
 * @returns undefined when the run no longer exists.
 */
export async function observeTask(
  context: ServiceContext,
  id: string,
  runId?: string,
): Promise<Observation | undefined> {
  const execution = await ifFound(context.store.describe(id, runId));
  return execution && ifFound(observation(context, execution));
}

async function observation(context: ServiceContext, execution: LiveExecution): Promise<Observation> {
  const [ending, firstStart] = await Promise.all([
    endingOf(context.store, execution),
    interruptedStart(context, execution),
  ]);
  const { runId, transitions } = execution;
  return {
    runId,
    transitions,
    task: summarise(execution, { now: Date.now(), ending, firstStart }),
  };
}
