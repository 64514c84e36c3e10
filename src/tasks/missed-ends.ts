/**
 * Finds ended tasks whose dependents were never notified: a terminated or deleted workflow cannot notify them itself.
 */
import type { Dependent } from '../contract/workflow.ts';
import { mapConcurrently } from '../lib/limiter.ts';
import { lookUpPredecessor, notifyDependents } from './predecessors.ts';
import { allRows } from './read.ts';
import { idsForQueries, unfinishedAmong, waitingForOthers } from './search.ts';
import type { TaskStore } from './store.ts';

/** Maximum number of ends reported at a time. */
const endsAtOnce = 5;

/**
 * Delay before a dependent is notified again, in milliseconds. The server keeps a signal until a worker reads it, and a
 * task whose workflow is stuck must not get it over and over.
 */
const notifyAgainMs = 3_600_000;

/** Records which run was notified of which end, and when. */
export class NotifiedEnds {
  readonly #at = new Map<string, number>();

  has(predecessor: string, runId: string): boolean {
    const at = this.#at.get(`${predecessor} ${runId}`);
    return at !== undefined && performance.now() - at < notifyAgainMs;
  }

  add(predecessor: string, dependents: readonly Dependent[]): void {
    const now = performance.now();
    for (const [key, at] of this.#at) {
      if (now - at < notifyAgainMs) break;
      this.#at.delete(key);
    }
    for (const { run_id } of dependents) this.#at.set(`${predecessor} ${run_id}`, now);
  }
}

/**
 * Notifies the tasks that wait for predecessors which have ended without notifying them. Takes one list call if no task
 * waits; otherwise one more for every fifty predecessors.
 * @returns the number of ends that were reported.
 */
export async function notifyMissedEnds(store: TaskStore, notified: NotifiedEnds): Promise<number> {
  const dependents = await dependentsOfAll(store, notified);
  const suspects = await notUnfinished(store, [...dependents.keys()]);
  const found = await mapConcurrently(suspects, endsAtOnce, async (id) => {
    // Visibility may lag: the task itself decides.
    const over = await lookUpPredecessor(store, id);
    if (over === null) return false;
    const waiting = dependents.get(id) ?? [];
    await notifyDependents(store, waiting, over);
    notified.add(id, waiting);
    return true;
  });
  return found.filter(Boolean).length;
}

/** Returns the runs that wait, by the tasks that they wait for. */
async function dependentsOfAll(store: TaskStore, notified: NotifiedEnds): Promise<Map<string, Dependent[]>> {
  const dependents = new Map<string, Dependent[]>();
  for (const { id, runId, memo } of await allRows(store, waitingForOthers())) {
    for (const predecessor of memo.waits_for ?? memo.after ?? []) {
      if (notified.has(predecessor, runId)) continue;
      const others = dependents.get(predecessor);
      const dependent = { id, run_id: runId };
      if (others) others.push(dependent);
      else dependents.set(predecessor, [dependent]);
    }
  }
  return dependents;
}

async function notUnfinished(store: TaskStore, ids: readonly string[]): Promise<string[]> {
  const suspects: string[] = [];
  for (const some of idsForQueries(ids)) {
    const unfinished = new Set((await allRows(store, unfinishedAmong(some))).map(({ id }) => id));
    suspects.push(...some.filter((id) => !unfinished.has(id)));
  }
  return suspects;
}
