/**
 * Finds ended tasks whose subscribers were never notified: a terminated or deleted workflow cannot notify them itself.
 */
import type { EndedPredecessor } from '../contract/predecessors.ts';
import { mapConcurrently } from '../lib/limiter.ts';
import { lookUpPredecessor } from './predecessors.ts';
import { allRows } from './rows.ts';
import { idsForQueries, unfinishedAmong } from './search.ts';
import type { TaskStore } from './store.ts';

/** Something that waits for the end of one task, such as a run of a dependent. */
export interface EndSubscriber {
  /** Distinguishes it from the other subscribers of its kind. */
  readonly key: string;
  notify(predecessor: EndedPredecessor): Promise<void>;
}

/** All subscribers of one kind. */
export interface EndSubscribers {
  /** Name of the kind in log lines, in the plural. */
  readonly kind: string;
  /** Returns the subscribers by the id of the task whose end they wait for. */
  find(): Promise<ReadonlyMap<string, readonly EndSubscriber[]>>;
}

/** The part of the store that is needed to find ends. */
export type EndSource = Pick<TaskStore, 'list' | 'describe'>;

/** Maximum number of ends reported at a time. */
const endsAtOnce = 5;

/** Maximum number of subscribers notified of one end at a time. */
const notifiedAtOnce = 5;

/**
 * Delay before a subscriber is notified again, in milliseconds. The server keeps a signal until a worker reads it, and
 * a task whose workflow is stuck must not get it over and over.
 */
const notifyAgainMs = 3_600_000;

/** Records which subscribers of one kind were notified of which end, and when. */
export class NotifiedEnds {
  readonly #at = new Map<string, number>();

  has(taskId: string, { key }: EndSubscriber): boolean {
    const at = this.#at.get(`${taskId} ${key}`);
    return at !== undefined && performance.now() - at < notifyAgainMs;
  }

  add(taskId: string, subscribers: readonly EndSubscriber[]): void {
    const now = performance.now();
    for (const [entry, at] of this.#at) {
      if (now - at < notifyAgainMs) break;
      this.#at.delete(entry);
    }
    for (const { key } of subscribers) this.#at.set(`${taskId} ${key}`, now);
  }
}

/**
 * Notifies the subscribers of one kind of ends that were not reported to them. After `find`, it takes one list call for
 * every fifty tasks that are waited for.
 * @returns the number of ends that were reported.
 */
export async function notifyMissedEnds(
  store: EndSource,
  subscribers: EndSubscribers,
  notified: NotifiedEnds,
): Promise<number> {
  const waiting = notYetNotified(await subscribers.find(), notified);
  const candidates = await notUnfinished(store, [...waiting.keys()]);
  const reported = await mapConcurrently(candidates, endsAtOnce, async (id) => {
    // Visibility may lag: the task itself decides.
    const ended = await lookUpPredecessor(store, id);
    if (ended === null) return false;
    const some = waiting.get(id) ?? [];
    await mapConcurrently(some, notifiedAtOnce, (subscriber) => subscriber.notify(ended));
    notified.add(id, some);
    return true;
  });
  return reported.filter(Boolean).length;
}

function notYetNotified(
  all: ReadonlyMap<string, readonly EndSubscriber[]>,
  notified: NotifiedEnds,
): Map<string, readonly EndSubscriber[]> {
  const waiting = new Map<string, readonly EndSubscriber[]>();
  for (const [id, subscribers] of all) {
    const some = subscribers.filter((subscriber) => !notified.has(id, subscriber));
    if (some.length > 0) waiting.set(id, some);
  }
  return waiting;
}

async function notUnfinished(store: EndSource, ids: readonly string[]): Promise<string[]> {
  const candidates: string[] = [];
  for (const some of idsForQueries(ids)) {
    const unfinished = new Set((await allRows(store, unfinishedAmong(some))).map(({ id }) => id));
    candidates.push(...some.filter((id) => !unfinished.has(id)));
  }
  return candidates;
}
