/**
 * Looks at watched tasks one by one: never twice at once at the same one, and never at more than a few at a time, so
 * that a burst of changes cannot crowd out other callers of Temporal.
 */
import type { Logger } from 'pino';
import { endedStatuses } from '../contract/task.ts';
import type { Observation } from '../tasks/feed.ts';
import type { Hub } from './hub.ts';
import { skipsEnd } from './order.ts';

export interface Lookouts {
  /** Looks at a task as soon as its turn comes; again, if it is being looked at just now. */
  look(id: string): void;
  /** The same for a task to which something was just done. On an ended one, the effect may show only later. */
  follow(id: string): void;
  /** The same for a task that a list has news of. A failed look is not hurried by it: it is repeated in its time. */
  lookAtNews(id: string): void;
  /** Looks at the tasks whose state may have moved without a trace in the lists. */
  lookAtDue(now: number): void;
  /** Resolves when no look is under way. */
  idle(): Promise<void>;
}

interface LookoutOptions {
  readonly hub: Hub;
  /** The newest run, or the named one. */
  readonly observe: (id: string, runId?: string) => Promise<Observation | undefined>;
  readonly logger: Logger;
}

/** What is known of the looks at one watched task. */
interface Lookout {
  lookedAt: number;
  transitions: number;
  /** Grows while nothing moves, and after errors. */
  intervalMs: number;
  failed: boolean;
}

const maxLooksAtOnce = 8;
const soonestMs = 250;
const slowestMs = 1000;
const slowestAfterErrorsMs = 5000;
/** A server may take this long to delete a run that has just ended. */
const followMs = 40_000;
/** Every watched task is looked at this often at least, since lists may lag or lose something. */
const reconcileMs = 60_000;

export function createLookouts({ hub, observe, logger }: LookoutOptions): Lookouts {
  const lookouts = new Map<string, Lookout>();
  const followedUntil = new Map<string, number>();
  const queue = new Set<string>();
  const looking = new Map<string, Promise<void>>();

  function look(id: string): void {
    if (!hub.isOpenTo(id)) return;
    queue.add(id);
    drain();
  }

  function drain(): void {
    for (const id of queue) {
      if (looking.size >= maxLooksAtOnce) return;
      if (looking.has(id)) continue;
      queue.delete(id);
      // Its last watcher may have left while it waited for its turn.
      if (!hub.isOpenTo(id)) continue;
      const work = lookAt(id).finally(() => {
        looking.delete(id);
        drain();
      });
      looking.set(id, work);
    }
  }

  async function lookAt(id: string): Promise<void> {
    const before = lookouts.get(id);
    const lookedAt = Date.now();
    try {
      const observation = await observe(id);
      if (observation) await tellEndBefore(observation);
      hub.publish(id, observation);
      const transitions = observation?.transitions ?? 0;
      const moved = transitions !== before?.transitions;
      const intervalMs = moved ? soonestMs : Math.min((before?.intervalMs ?? soonestMs) * 1.5, slowestMs);
      lookouts.set(id, { lookedAt, transitions, intervalMs, failed: false });
    } catch (error) {
      const intervalMs = Math.min((before?.intervalMs ?? soonestMs) * 2, slowestAfterErrorsMs);
      lookouts.set(id, { lookedAt, transitions: before?.transitions ?? -1, intervalMs, failed: true });
      logger.debug({ err: error, id }, 'a watched task could not be looked at');
    }
    if (!hub.isOpenTo(id)) lookouts.delete(id);
  }

  /** A retry can be quicker than our looks: the end of the run that it replaces is told all the same. */
  async function tellEndBefore(next: Observation): Promise<void> {
    const { id } = next.task;
    const last = hub.last(id);
    if (!last || !skipsEnd(last, next)) return;
    const end = await observe(id, last.runId);
    if (end?.runId === last.runId) hub.publish(id, end);
  }

  function isDue(id: string, now: number): boolean {
    const { lookedAt = 0, intervalMs = soonestMs, failed = false } = lookouts.get(id) ?? {};
    const task = hub.last(id)?.task;
    // Expected, and not seen yet.
    if (!task) return !looking.has(id) && now - lookedAt >= intervalMs;
    if (now - lookedAt >= reconcileMs) return true;
    if (failed) return now - lookedAt >= intervalMs;
    if (endedStatuses.has(task.status)) {
      return now < (followedUntil.get(id) ?? 0) && now - lookedAt >= intervalMs;
    }
    const underWay = task.status !== 'SCHEDULED' || task.waiting?.reason === 'cancelling';
    const timeHasCome = task.waiting?.reason === 'time' && Date.parse(task.scheduled_time) <= now;
    return (underWay || timeHasCome) && now - lookedAt >= intervalMs;
  }

  return {
    look,
    follow(id) {
      if (hub.last(id)) followedUntil.set(id, Date.now() + followMs);
      look(id);
    },
    lookAtNews(id) {
      if (!lookouts.get(id)?.failed) look(id);
    },
    lookAtDue(now) {
      for (const id of lookouts.keys()) if (!hub.isOpenTo(id)) lookouts.delete(id);
      for (const [id, until] of followedUntil) if (until <= now || !hub.last(id)) followedUntil.delete(id);
      for (const id of hub.ids()) if (isDue(id, now)) look(id);
    },
    async idle() {
      // Those that wait in the queue begin as others end.
      while (looking.size > 0) await Promise.all(looking.values());
    },
  };
}
