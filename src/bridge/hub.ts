/**
 * Between the poller and the watchers: one entry per watched task, whatever the number of its watchers.
 *
 * An entry begins with its first watcher's observation and ends when its last watcher leaves or its task is gone. It
 * holds the last observation and decides what is news: within a run and version a task never steps back, a run's
 * end is told once, and an older run is never told after a newer one.
 */
import { endedStatuses, type FeedMessage, type TaskStatus } from '../contract/task.ts';
import type { Change, Observation } from '../tasks/feed.ts';

export interface Watcher {
  /** @param text the message as JSON, made once for all watchers. */
  send(text: string): void;
  /** The task no longer exists. */
  gone(): void;
}

export interface Hub {
  /** Sends `first` at once, then every change, until the returned function is called. */
  watch(first: Observation, watcher: Watcher): () => void;
  /** Takes in what was seen of a task; undefined: it is gone. */
  publish(id: string, observation: Observation | undefined): void;
  /** Tells all watchers of the feed itself. */
  notice(notice: Notice, detail: string): void;
  /** Whether a row of a visibility list tells something that the hub does not know. */
  isNews(change: Change): boolean;
  last(id: string): Observation | undefined;
  ids(): Iterable<string>;
  readonly size: number;
}

export type Notice = Extract<FeedMessage, { type: 'notice' }>['notice'];

interface Entry {
  last: Observation;
  text: string;
  readonly watchers: Set<Watcher>;
}

/** @param onFirst called when the hub goes from no watched task to one, and so has something to be told. */
export function createHub({ onFirst }: { onFirst: () => void }): Hub {
  const entries = new Map<string, Entry>();

  function enter(first: Observation): Entry {
    const { id } = first.task;
    const known = entries.get(id);
    if (known) return known;
    const entry: Entry = { last: first, text: messageText(first), watchers: new Set() };
    entries.set(id, entry);
    if (entries.size === 1) onFirst();
    return entry;
  }

  function publish(id: string, observation: Observation | undefined): void {
    const entry = entries.get(id);
    if (!entry) return;
    if (!observation) {
      entries.delete(id);
      for (const watcher of entry.watchers) watcher.gone();
      return;
    }
    if (!isForward(entry.last, observation)) return;
    entry.last = observation;
    const text = messageText(observation);
    if (text === entry.text) return;
    entry.text = text;
    for (const watcher of entry.watchers) watcher.send(text);
  }

  return {
    publish,

    watch(first, watcher) {
      const { id } = first.task;
      const entry = enter(first);
      // The newcomer may have seen more than the entry has: then it is news for the others. But a newer run waits
      // for its look, which tells the end of the one before it first.
      if (!skipsEnd(entry.last, first)) publish(id, first);
      entry.watchers.add(watcher);
      watcher.send(entry.text);
      return () => {
        entry.watchers.delete(watcher);
        if (entry.watchers.size === 0 && entries.get(id) === entry) entries.delete(id);
      };
    },

    notice(notice, detail) {
      const message: FeedMessage = { type: 'notice', notice, detail };
      const text = JSON.stringify(message);
      for (const { watchers } of entries.values()) for (const watcher of watchers) watcher.send(text);
    },

    isNews({ id, runId, version, ended }) {
      const last = entries.get(id)?.last;
      if (!last) return false;
      if (version > last.task.version) return true;
      return runId === last.runId && ended && !endedStatuses.has(last.task.status);
    },

    last: (id) => entries.get(id)?.last,
    ids: () => entries.keys(),
    get size() {
      return entries.size;
    },
  };
}

const rank: Record<TaskStatus, number> = {
  SCHEDULED: 0,
  PENDING: 1,
  RUNNING: 2,
  COMPLETED: 3,
  FAILED: 3,
  CANCELLED: 3,
};

/** Whether `next` is of another run than `last`, whose own end has not been seen. */
export function skipsEnd(last: Observation, next: Observation): boolean {
  return next.runId !== last.runId && !endedStatuses.has(last.task.status);
}

/** Observations of one task may arrive out of order; only what leads forward is told. */
export function isForward(last: Observation, next: Observation): boolean {
  // One end a run, and after it only another run.
  if (next.runId === last.runId && endedStatuses.has(last.task.status)) return false;
  // Deleted, and made anew under the same id (by its Idempotency-Key): another task, which counts from the beginning.
  if (next.task.created_at !== last.task.created_at) return next.task.created_at > last.task.created_at;
  if (next.task.version !== last.task.version) return next.task.version > last.task.version;
  // A new run always begins with a higher version.
  if (next.runId !== last.runId) return false;
  if (endedStatuses.has(next.task.status)) return true;
  if (rank[next.task.status] !== rank[last.task.status]) {
    return rank[next.task.status] > rank[last.task.status];
  }
  // A newcomer's observation may have been made before one that has been told; and an attempt that has just ended
  // counts no more for as long as its workflow has not heard of it.
  return next.transitions >= last.transitions && next.task.attempt >= last.task.attempt;
}

/** `type` is the kind of message, so the task's own type goes by another name. */
function messageText({ task }: Observation): string {
  const message: FeedMessage = { ...task, type: 'task', task_type: task.type };
  return JSON.stringify(message);
}
