/** Ends of tasks that nobody has told those that wait for them: no workflow can tell that it was terminated or deleted. */
import type { Successor } from '../contract/workflow.ts';
import { forEachOf } from '../limiter.ts';
import { lookUpPredecessor, tellOver } from './predecessors.ts';
import { allRows } from './read.ts';
import { idsForQueries, unfinishedAmong, waitingForOthers } from './search.ts';
import type { TaskStore } from './store.ts';

/** Ends that are told at a time. */
const toldAtOnce = 5;

/** A signal is kept until a worker reads it; a task whose workflow is stuck must not be sent it over and over. */
const tellAgainMs = 3_600_000;

/** Who was told of which end, and when. */
export class Told {
  readonly #at = new Map<string, number>();

  has(predecessor: string, runId: string): boolean {
    const at = this.#at.get(`${predecessor} ${runId}`);
    return at !== undefined && performance.now() - at < tellAgainMs;
  }

  add(predecessor: string, successors: readonly Successor[]): void {
    const now = performance.now();
    for (const [key, at] of this.#at) {
      if (now - at < tellAgainMs) break;
      this.#at.delete(key);
    }
    for (const { run_id } of successors) this.#at.set(`${predecessor} ${run_id}`, now);
  }
}

/**
 * Finds the tasks that wait for others which have ended without a word, and tells them. One list call where no task
 * waits; otherwise one more for fifty tasks that are waited for.
 * @returns how many ends were told.
 */
export async function tellUntoldEnds(store: TaskStore, told: Told): Promise<number> {
  const followers = await followersOfAll(store, told);
  const suspects = await notUnfinished(store, [...followers.keys()]);
  const found = await forEachOf(suspects, toldAtOnce, async (id) => {
    // Visibility may lag: the task itself decides.
    const over = await lookUpPredecessor(store, id);
    if (over === null) return false;
    const successors = followers.get(id) ?? [];
    await tellOver(store, successors, over);
    told.add(id, successors);
    return true;
  });
  return found.filter(Boolean).length;
}

/** Who waits for which task. */
async function followersOfAll(store: TaskStore, told: Told): Promise<Map<string, Successor[]>> {
  const followers = new Map<string, Successor[]>();
  for (const { id, runId, memo } of await allRows(store, waitingForOthers())) {
    for (const predecessor of memo.waits_for ?? memo.after ?? []) {
      if (told.has(predecessor, runId)) continue;
      const others = followers.get(predecessor);
      const successor = { id, run_id: runId };
      if (others) others.push(successor);
      else followers.set(predecessor, [successor]);
    }
  }
  return followers;
}

async function notUnfinished(store: TaskStore, ids: readonly string[]): Promise<string[]> {
  const suspects: string[] = [];
  for (const some of idsForQueries(ids)) {
    const unfinished = new Set((await allRows(store, unfinishedAmong(some))).map(({ id }) => id));
    suspects.push(...some.filter((id) => !unfinished.has(id)));
  }
  return suspects;
}
