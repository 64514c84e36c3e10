/** Ends of tasks that nobody has told those that wait for them: no workflow can tell that it was terminated or deleted. */
import type { Successor } from '../contract/workflow.ts';
import { each, lookUpPredecessor, tellOver } from './predecessors.ts';
import { allRows } from './read.ts';
import { unfinishedAmong, waitingForOthers } from './search.ts';
import type { TaskStore } from './store.ts';

/** Ids in one query. */
const idsAtOnce = 50;

/**
 * Finds the tasks that wait for others which have ended without a word, and tells them. One list call where no task
 * waits; otherwise one more for fifty tasks that are waited for.
 * @returns how many ends were told.
 */
export async function tellUntoldEnds(store: TaskStore): Promise<number> {
  const followers = await followersOfAll(store);
  const suspects = await notUnfinished(store, [...followers.keys()]);
  const told = await each(suspects, async (id) => {
    // Visibility may lag: the task itself decides.
    const over = await lookUpPredecessor(store, id);
    if (over === null) return false;
    await tellOver(store, followers.get(id) ?? [], over);
    return true;
  });
  return told.filter(Boolean).length;
}

/** Who waits for which task. */
async function followersOfAll(store: TaskStore): Promise<Map<string, Successor[]>> {
  const followers = new Map<string, Successor[]>();
  for (const { id, runId, memo } of await allRows(store, waitingForOthers())) {
    for (const predecessor of memo.waits_for ?? memo.after ?? []) {
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
  for (let from = 0; from < ids.length; from += idsAtOnce) {
    const some = ids.slice(from, from + idsAtOnce);
    const unfinished = new Set((await allRows(store, unfinishedAmong(some))).map(({ id }) => id));
    suspects.push(...some.filter((id) => !unfinished.has(id)));
  }
  return suspects;
}
