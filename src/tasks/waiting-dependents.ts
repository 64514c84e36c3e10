import { predecessorsLeft } from '../contract/predecessors.ts';
import type { EndSubscriber, EndSubscribers } from './missed-ends.ts';
import { notifyDependents } from './predecessors.ts';
import { allRows } from './rows.ts';
import { waitingForOthers } from './search.ts';
import type { TaskStore } from './store.ts';

/** Returns the tasks that wait for others, as subscribers of their ends. Finding them takes one list call. */
export function waitingDependents(store: TaskStore): EndSubscribers {
  return { kind: 'dependents', find: () => byPredecessor(store) };
}

async function byPredecessor(store: TaskStore): Promise<Map<string, EndSubscriber[]>> {
  const waiting = new Map<string, EndSubscriber[]>();
  for (const { id, runId, memo } of await allRows(store, waitingForOthers())) {
    const dependent: EndSubscriber = {
      key: runId,
      notify: (predecessor) => notifyDependents(store, [{ id, run_id: runId }], predecessor),
    };
    for (const predecessor of predecessorsLeft(memo)) {
      const others = waiting.get(predecessor);
      if (others) others.push(dependent);
      else waiting.set(predecessor, [dependent]);
    }
  }
  return waiting;
}
