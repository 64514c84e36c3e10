/**
 * Stands between the poller and the watchers, with one entry per watched task, whatever the number of its watchers.
 *
 * An entry is created by the observation of its first task watcher, or by a change of a task that a list watcher
 * covers (the tasks of an owner, or all). It is removed when its last task watcher leaves and no list watcher covers
 * it, when its task is deleted, or, without task watchers, a while after its task has ended or started to sleep
 * (SCHEDULED, without changes). It holds the last observation and decides what is news: within a run and version a
 * task never steps back, a run's end is reported once, and an older run is never reported after a newer one.
 */
import { compareVersions, endedStatuses } from '../contract/status.ts';
import type { FeedMessage, TaskSummary } from '../contract/task.ts';
import type { Change, Observation } from '../tasks/feed.ts';
import { outgoing, type OutgoingMessage } from './message.ts';
import { noTelemetry, type Telemetry } from '../metrics/telemetry.ts';
import { isForward, skipsEnd } from './order.ts';

/** Receives one task. */
export interface TaskWatcher {
  send(message: OutgoingMessage): void;
  /** The task no longer exists. */
  deleted(): void;
}

/** Receives many tasks, including those that do not exist yet. */
export interface ListWatcher {
  /** The account that owns the tasks. All accounts if undefined. */
  readonly owner: string | undefined;
  send(message: OutgoingMessage): void;
  /** Returns whether the watcher wants a task in this state. If not, a task it has received is sent one last time. */
  wants(task: TaskSummary): boolean;
}

export interface Hub {
  /** Sends `first` at once, then every change, until the returned function is called. */
  watch(first: Observation, watcher: TaskWatcher): () => void;
  /**
   * Sends what lists may not show yet: the tasks with an entry that the watcher wants, and recent deletions. Then
   * sends every change of the tasks that it wants, until the returned function is called.
   */
  watchAll(watcher: ListWatcher): () => void;
  /** Takes in an observation of a task. undefined means that the task no longer exists. */
  publish(id: string, observation: Observation | undefined): void;
  /**
   * Reports the deletion of a task, which may have no entry, or be reported already.
   * @param at instant of the deletion, in milliseconds
   */
  deleted(id: string, owner: string, at: number): void;
  /** Sends a notice about the feed itself to all watchers: while Temporal is unreachable, to new ones as well. */
  notice(notice: Notice, detail: string): void;
  /** Stops notifying new watchers of an outage. */
  forgetOutage(): void;
  /** Returns whether a row of a visibility list shows something that the hub should know but does not. */
  isNews(change: Change): boolean;
  /** Returns whether looks at a task are wanted: it has an entry, or {@link Hub.expect} was called for it. */
  isOpenTo(id: string): boolean;
  /** Announces a look at a task that has no entry, on behalf of a list watcher. */
  expect(id: string): void;
  /**
   * Removes entries that have no task watchers and whose task ended, or started to sleep, a while ago.
   * @param now by `performance.now`.
   */
  sweep(now: number): void;
  last(id: string): Observation | undefined;
  /** Ids of all tasks that have an entry or are expected. */
  ids(): Iterable<string>;
  /** Number of entries and list watchers. */
  readonly size: number;
}

export type Notice = Extract<FeedMessage, { type: 'notice' }>['notice'];

interface Entry {
  last: Observation;
  message: OutgoingMessage;
  readonly watchers: Set<TaskWatcher>;
  /** When `last` was taken in, by `performance.now`. */
  changedAt: number;
}

/**
 * Time that an entry without task watchers outlives its task's last change, in milliseconds. Longer than rows stay in the
 * poller's lists, so that what has already been reported is still known.
 */
const keepQuietMs = 30_000;

interface HubOptions {
  /** Called when the first watcher arrives. */
  readonly onFirst: () => void;
  /** Returns the time by the clock that gives tasks their `created_at`, in milliseconds since the epoch. */
  readonly now: () => number;
  readonly telemetry?: Telemetry;
}

export function createHub({ onFirst, now: instant, telemetry = noTelemetry }: HubOptions): Hub {
  const entries = new Map<string, Entry>();
  /** Ids of the tasks that each list watcher has received and still wants. */
  const listWatchers = new Map<ListWatcher, Set<string>>();
  const expected = new Set<string>();
  let outage: OutgoingMessage | undefined;
  /** When the latest list watcher arrived, by the clock of `instant`: what has changed before is not late for it. */
  let joinedAt = 0;

  const size = (): number => entries.size + listWatchers.size;
  /** The tasks that were deleted a short while ago: a late look may still find them, and so may a list. */
  const deletions = new Map<
    string,
    { readonly at: number; readonly heardAt: number; readonly owner: string }
  >();

  function isOwnerWatched(owner: string): boolean {
    for (const watcher of listWatchers.keys()) if (covers(watcher, owner)) return true;
    return false;
  }

  /** Returns the same check as {@link isOwnerWatched}, prepared for many calls. */
  function watchedOwners(): (owner: string) => boolean {
    const owners = new Set([...listWatchers.keys()].map(({ owner }) => owner));
    return (owner) => owners.has(undefined) || owners.has(owner);
  }

  function enter(first: Observation): Entry {
    const { id } = first.task;
    const known = entries.get(id);
    if (known) return known;
    const entry: Entry = {
      last: first,
      message: taskMessage(first),
      watchers: new Set(),
      changedAt: performance.now(),
    };
    expected.delete(id);
    entries.set(id, entry);
    if (size() === 1) onFirst();
    sendToListWatchers(entry);
    return entry;
  }

  function sendToListWatchers(entry: Entry): void {
    for (const [watcher, received] of listWatchers) sendTo(watcher, received, entry);
  }

  function sendTo(watcher: ListWatcher, received: Set<string>, { last: { task }, message }: Entry): void {
    if (!covers(watcher, task.owner)) return;
    const wanted = watcher.wants(task);
    if (!wanted && !received.has(task.id)) return;
    if (wanted) received.add(task.id);
    else received.delete(task.id);
    watcher.send(message);
  }

  /** Sends a new watcher what others know already: its list may be up to two seconds old, and has no progress. */
  function catchUp(watcher: ListWatcher, received: Set<string>): void {
    for (const entry of entries.values()) sendTo(watcher, received, entry);
    for (const [id, { owner }] of deletions) {
      // A task with an entry was created again under the same id.
      if (covers(watcher, owner) && !entries.has(id)) watcher.send(outgoing({ type: 'deleted', id }));
    }
  }

  function publish(id: string, observation: Observation | undefined): void {
    expected.delete(id);
    const entry = entries.get(id);
    if (!observation) {
      if (entry) remove(id, entry, instant());
      return;
    }
    if (!entry) {
      // The server deletes the runs of a task one by one, so a look may still find one. A task that was created again
      // under the same id is younger.
      const isDeleted = Date.parse(observation.task.created_at) < (deletions.get(id)?.at ?? 0);
      if (isDeleted || !isOwnerWatched(observation.task.owner)) return;
      enter(observation);
      if (Date.parse(observation.task.updated_at) > joinedAt) measureLag(observation);
      return;
    }
    if (!isForward(entry.last, observation)) return;
    const isWritten = observation.task.updated_at !== entry.last.task.updated_at;
    entry.last = observation;
    const message = taskMessage(observation);
    if (message.text === entry.message.text) return;
    entry.message = message;
    entry.changedAt = performance.now();
    for (const watcher of entry.watchers) watcher.send(message);
    sendToListWatchers(entry);
    if (isWritten) measureLag(observation);
  }

  function measureLag({ task }: Observation): void {
    const lagMs = Math.max(0, instant() - Date.parse(task.updated_at));
    telemetry.observe('taskbell_bridge_lag_seconds', lagMs / 1000, {});
  }

  function remove(id: string, entry: Entry, at: number): void {
    entries.delete(id);
    for (const watcher of entry.watchers) watcher.deleted();
    sendDeleted(id, entry.last.task.owner, at);
  }

  function sendDeleted(id: string, owner: string, at: number): void {
    if (listWatchers.size > 0) deletions.set(id, { at, heardAt: performance.now(), owner });
    const message = outgoing({ type: 'deleted', id });
    for (const [watcher, received] of listWatchers) {
      received.delete(id);
      if (covers(watcher, owner)) watcher.send(message);
    }
  }

  function dropUnwatched(isUnneeded: (entry: Entry) => boolean): void {
    for (const [id, entry] of entries) {
      if (entry.watchers.size > 0 || !isUnneeded(entry)) continue;
      entries.delete(id);
      for (const received of listWatchers.values()) received.delete(id);
    }
  }

  return {
    publish,

    watch(first, watcher) {
      const { id } = first.task;
      const entry = enter(first);
      // The new watcher's observation may be later than the entry's, and then it is news for the other
      // watchers. But a newer run is left to the next look at the task, which first reports the end of the
      // previous run.
      if (!skipsEnd(entry.last, first)) publish(id, first);
      entry.watchers.add(watcher);
      watcher.send(entry.message);
      if (outage) watcher.send(outage);
      return () => {
        entry.watchers.delete(watcher);
        const isNeeded = entry.watchers.size > 0 || isOwnerWatched(entry.last.task.owner);
        if (!isNeeded && entries.get(id) === entry) entries.delete(id);
      };
    },

    watchAll(watcher) {
      const received = new Set<string>();
      joinedAt = instant();
      catchUp(watcher, received);
      listWatchers.set(watcher, received);
      if (size() === 1) onFirst();
      if (outage) watcher.send(outage);
      return () => {
        listWatchers.delete(watcher);
        if (listWatchers.size === 0) {
          expected.clear();
          deletions.clear();
        }
        const isStillWatched = watchedOwners();
        dropUnwatched(({ last: { task } }) => !isStillWatched(task.owner));
      };
    },

    deleted(id, owner, at) {
      const entry = entries.get(id);
      const isAnother = entry !== undefined && Date.parse(entry.last.task.created_at) > at;
      if (isAnother) return;
      const known = deletions.get(id);
      if (entry) remove(id, entry, at);
      else if (!known) sendDeleted(id, owner, at);
      // Two requests have deleted it, or the same one was repeated: its watchers know.
      else if (at > known.at) deletions.set(id, { ...known, at });
    },

    notice(notice, detail) {
      const message = outgoing({ type: 'notice', notice, detail });
      if (notice === 'unreachable') outage = message;
      if (notice === 'resumed') outage = undefined;
      for (const { watchers } of entries.values()) for (const watcher of watchers) watcher.send(message);
      for (const watcher of listWatchers.keys()) watcher.send(message);
    },

    forgetOutage() {
      outage = undefined;
    },

    isNews(change) {
      const last = entries.get(change.id)?.last;
      if (!last) return isOwnerWatched(change.owner);
      if (compareVersions(change, last.task) > 0) return true;
      return change.runId === last.runId && change.ended && !endedStatuses.has(last.task.status);
    },

    isOpenTo: (id) => entries.has(id) || expected.has(id),
    expect(id) {
      if (listWatchers.size > 0 && !entries.has(id)) expected.add(id);
    },

    sweep(now) {
      // A sleeping task has been published and will show its next change in the lists, so don't keep it: there may be
      // very many.
      const isQuiet = ({ last: { task }, changedAt }: Entry): boolean =>
        (task.finished_at !== null || task.status === 'SCHEDULED') && now - changedAt > keepQuietMs;
      dropUnwatched(isQuiet);
      for (const [id, { heardAt }] of deletions) if (now - heardAt > keepQuietMs) deletions.delete(id);
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

function covers(watcher: ListWatcher, owner: string): boolean {
  return watcher.owner === undefined || watcher.owner === owner;
}

/** Returns a task's message. `type` is the kind of message, so the task's own type is in `task_type`. */
function taskMessage({ task }: Observation): OutgoingMessage {
  return outgoing({ ...task, type: 'task', task_type: task.type });
}
