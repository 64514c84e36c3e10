/**
 * Between the poller and the watchers: one entry per watched task, whatever the number of its watchers.
 *
 * An entry begins with its first watcher's observation, or with a change of a task that some audience follows (the
 * tasks of an owner, or all). It ends when its last watcher leaves and no audience follows it, when its task is gone, or,
 * without watchers, a while after its task has ended or gone to sleep. It holds the last observation and decides what is news: within a
 * run and version a task never steps back, a run's end is told once, and an older run is never told after a newer one.
 */
import { endedStatuses, type FeedMessage, type TaskSummary } from '../contract/task.ts';
import type { Change, Observation } from '../tasks/feed.ts';
import { isForward, skipsEnd } from './order.ts';

export interface Watcher {
  /** @param text the message as JSON, made once for all watchers. */
  send(text: string): void;
  /** The task no longer exists. */
  gone(): void;
}

/** Somebody who follows many tasks, those to come included. */
export interface Audience {
  /** The account whose tasks they are; undefined: everybody's. */
  readonly owner: string | undefined;
  /** @param text the message as JSON. */
  send(id: string, text: string): void;
  /** Whether it wants to hear of a task as it is now. One that it has heard of it hears of once more when it is not. */
  wants(task: TaskSummary): boolean;
}

export interface Hub {
  /** Sends `first` at once, then every change, until the returned function is called. */
  watch(first: Observation, watcher: Watcher): () => void;
  /** Sends every change of the tasks that the audience wants to hear of, until the returned function is called. */
  follow(audience: Audience): () => void;
  /** Takes in what was seen of a task; undefined: it is gone. */
  publish(id: string, observation: Observation | undefined): void;
  /** A task that may have no entry is gone. */
  deleted(id: string, owner: string): void;
  /** Tells everybody of the feed itself. */
  notice(notice: Notice, detail: string): void;
  /** Whether a row of a visibility list tells something that the hub does not know, but should. */
  isNews(change: Change): boolean;
  /** Looks at a task are welcome: it has an entry, or {@link Hub.expect} was called for it. */
  isOpenTo(id: string): boolean;
  /** A task without an entry is about to be looked at for an audience. */
  expect(id: string): void;
  /** Forgets what nobody watches and has ended, or gone to sleep, a while ago. */
  sweep(now: number): void;
  last(id: string): Observation | undefined;
  /** With those that are expected. */
  ids(): Iterable<string>;
  /** Entries and audiences. */
  readonly size: number;
}

export type Notice = Extract<FeedMessage, { type: 'notice' }>['notice'];

interface Entry {
  last: Observation;
  text: string;
  readonly watchers: Set<Watcher>;
}

/** Longer than rows stay in the poller's lists: what was told already must still be known. */
const keepQuietMs = 30_000;

/** @param onFirst called when the hub goes from nobody to somebody, and so has something to be told. */
export function createHub({ onFirst }: { onFirst: () => void }): Hub {
  const entries = new Map<string, Entry>();
  /** What each has heard of, and would miss. */
  const audiences = new Map<Audience, Set<string>>();
  const expected = new Set<string>();

  const size = (): number => entries.size + audiences.size;
  /** When tasks were deleted that a late look may still find. */
  const deletedAt = new Map<string, number>();

  function isFollowed(owner: string): boolean {
    for (const audience of audiences.keys()) if (follows(audience, owner)) return true;
    return false;
  }

  /** For many questions at once. */
  function followedOwners(): (owner: string) => boolean {
    const owners = new Set([...audiences.keys()].map(({ owner }) => owner));
    return (owner) => owners.has(undefined) || owners.has(owner);
  }

  function enter(first: Observation): Entry {
    const { id } = first.task;
    const known = entries.get(id);
    if (known) return known;
    const entry: Entry = { last: first, text: messageText(first), watchers: new Set() };
    expected.delete(id);
    entries.set(id, entry);
    if (size() === 1) onFirst();
    tellAudiences(entry);
    return entry;
  }

  function tellAudiences({ last: { task }, text }: Entry): void {
    for (const [audience, heard] of audiences) {
      if (!follows(audience, task.owner)) continue;
      const wanted = audience.wants(task);
      if (!wanted && !heard.has(task.id)) continue;
      if (wanted) heard.add(task.id);
      else heard.delete(task.id);
      audience.send(task.id, text);
    }
  }

  function publish(id: string, observation: Observation | undefined): void {
    expected.delete(id);
    const entry = entries.get(id);
    if (!observation) {
      if (entry) remove(id, entry);
      return;
    }
    if (!entry) {
      // The server drops the runs of a deleted task one after the other. One made anew under its id is younger.
      const isGone = Date.parse(observation.task.created_at) < (deletedAt.get(id) ?? 0);
      if (!isGone && isFollowed(observation.task.owner)) enter(observation);
      return;
    }
    if (!isForward(entry.last, observation)) return;
    entry.last = observation;
    const text = messageText(observation);
    if (text === entry.text) return;
    entry.text = text;
    for (const watcher of entry.watchers) watcher.send(text);
    tellAudiences(entry);
  }

  function remove(id: string, entry: Entry): void {
    entries.delete(id);
    for (const watcher of entry.watchers) watcher.gone();
    tellDeleted(id, entry.last.task.owner);
  }

  function tellDeleted(id: string, owner: string): void {
    if (audiences.size > 0) deletedAt.set(id, Date.now());
    const message: FeedMessage = { type: 'deleted', id };
    const text = JSON.stringify(message);
    for (const [audience, heard] of audiences) {
      heard.delete(id);
      if (follows(audience, owner)) audience.send(id, text);
    }
  }

  function dropUnwatched(isOver: (entry: Entry) => boolean): void {
    for (const [id, entry] of entries) {
      if (entry.watchers.size > 0 || !isOver(entry)) continue;
      entries.delete(id);
      for (const heard of audiences.values()) heard.delete(id);
    }
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
        const isNeeded = entry.watchers.size > 0 || isFollowed(entry.last.task.owner);
        if (!isNeeded && entries.get(id) === entry) entries.delete(id);
      };
    },

    follow(audience) {
      audiences.set(audience, new Set());
      if (size() === 1) onFirst();
      return () => {
        audiences.delete(audience);
        if (audiences.size === 0) {
          expected.clear();
          deletedAt.clear();
        }
        const isStillFollowed = followedOwners();
        dropUnwatched(({ last: { task } }) => !isStillFollowed(task.owner));
      };
    },

    deleted(id, owner) {
      const entry = entries.get(id);
      if (entry) remove(id, entry);
      else tellDeleted(id, owner);
    },

    notice(notice, detail) {
      const message: FeedMessage = { type: 'notice', notice, detail };
      const text = JSON.stringify(message);
      for (const { watchers } of entries.values()) for (const watcher of watchers) watcher.send(text);
      for (const audience of audiences.keys()) audience.send('', text);
    },

    isNews({ id, runId, version, owner, ended }) {
      const last = entries.get(id)?.last;
      if (!last) return isFollowed(owner);
      if (version > last.task.version) return true;
      return runId === last.runId && ended && !endedStatuses.has(last.task.status);
    },

    isOpenTo: (id) => entries.has(id) || expected.has(id),
    expect(id) {
      if (audiences.size > 0 && !entries.has(id)) expected.add(id);
    },

    sweep(now) {
      // A task that sleeps has been told, and tells of itself when it changes: there may be very many of them.
      const isQuiet = ({ last: { task } }: Entry): boolean =>
        (task.finished_at !== null || task.status === 'SCHEDULED') &&
        now - Date.parse(task.finished_at ?? task.updated_at) > keepQuietMs;
      dropUnwatched(isQuiet);
      for (const [id, at] of deletedAt) if (now - at > keepQuietMs) deletedAt.delete(id);
    },

    last: (id) => entries.get(id)?.last,
    *ids() {
      yield* entries.keys();
      yield* expected;
    },
    get size() {
      return size();
    },
  };
}

function follows(audience: Audience, owner: string): boolean {
  return audience.owner === undefined || audience.owner === owner;
}

/** `type` is the kind of message, so the task's own type goes by another name. */
function messageText({ task }: Observation): string {
  const message: FeedMessage = { ...task, type: 'task', task_type: task.type };
  return JSON.stringify(message);
}

/** Of a message's text, without parsing it. */
export function isNotice(text: string): boolean {
  return text.startsWith('{"type":"notice"');
}
