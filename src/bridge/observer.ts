/**
 * Looks at watched tasks one by one: never two looks at one task at the same time, and only a few looks at
 * once, so that a burst of changes cannot crowd out other callers of Temporal.
 */
import type { Logger } from 'pino';
import { endedStatuses } from '../contract/status.ts';
import type { Observation } from '../tasks/feed.ts';
import type { Hub } from './hub.ts';
import { skipsEnd } from './order.ts';
import { noTelemetry, type Telemetry } from '../metrics/telemetry.ts';

export interface Observer {
  /** Looks at a task as soon as its turn comes, and once more if a look at it is under way. */
  look(id: string): void;
  /** Does the same for a task that was just acted on. If the task has ended, the effect may show only later. */
  lookAfterAction(id: string): void;
  /**
   * Does the same for a task that a list has news of. After a failed look, it leaves the retry to
   * `lookAtDue`.
   */
  lookAtNews(id: string): void;
  /** Looks at the tasks whose state may have changed without a trace in the lists. */
  lookAtDue(): void;
  /** Resolves when no look is under way. */
  idle(): Promise<void>;
}

interface ObserverOptions {
  readonly hub: Hub;
  /** Reads the newest run, or the given one. */
  readonly observe: (id: string, runId?: string) => Promise<Observation | undefined>;
  readonly logger: Logger;
  readonly telemetry?: Telemetry;
}

/** State of the looks at one watched task. */
interface LookState {
  /** Instant of the last look, by `performance.now`. */
  lookedAt: number;
  transitions: number;
  /** Grows while nothing changes, and after errors. */
  intervalMs: number;
  failed: boolean;
}

const maxLooksAtOnce = 8;
const soonestMs = 250;
const slowestMs = 1000;
const slowestAfterErrorsMs = 5000;
/** Time that a server may take to delete a run that has just ended, in milliseconds. */
const afterActionMs = 40_000;
/** Maximum time between looks at a watched task, in milliseconds: lists may lag or miss something. */
const reconcileMs = 60_000;

export function createObserver(options: ObserverOptions): Observer {
  const { hub, observe, logger, telemetry = noTelemetry } = options;
  const states = new Map<string, LookState>();
  const actedOnUntil = new Map<string, number>();
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
    const before = states.get(id);
    const lookedAt = performance.now();
    telemetry.count('taskbell_bridge_calls_total', { call: 'look' });
    try {
      const observation = await observe(id);
      if (observation) await reportPreviousEnd(observation);
      hub.publish(id, observation);
      const transitions = observation?.transitions ?? 0;
      const moved = transitions !== before?.transitions;
      const intervalMs = moved ? soonestMs : Math.min((before?.intervalMs ?? soonestMs) * 1.5, slowestMs);
      states.set(id, { lookedAt, transitions, intervalMs, failed: false });
    } catch (error) {
      const intervalMs = Math.min((before?.intervalMs ?? soonestMs) * 2, slowestAfterErrorsMs);
      states.set(id, { lookedAt, transitions: before?.transitions ?? -1, intervalMs, failed: true });
      logger.debug({ err: error, id }, 'could not look at a watched task');
    }
    if (!hub.isOpenTo(id)) states.delete(id);
  }

  /** Reports the end of the run that a retry replaced, if the retry came between two looks. */
  async function reportPreviousEnd(next: Observation): Promise<void> {
    const { id } = next.task;
    const last = hub.last(id);
    if (!last || !skipsEnd(last, next)) return;
    const end = await observe(id, last.runId);
    if (end?.runId === last.runId) hub.publish(id, end);
  }

  function isDue(id: string, now: number): boolean {
    const {
      lookedAt = Number.NEGATIVE_INFINITY,
      intervalMs = soonestMs,
      failed = false,
    } = states.get(id) ?? {};
    const task = hub.last(id)?.task;
    // The task is expected, and has not been seen yet.
    if (!task) return !looking.has(id) && now - lookedAt >= intervalMs;
    if (now - lookedAt >= reconcileMs) return true;
    if (failed) return now - lookedAt >= intervalMs;
    if (endedStatuses.has(task.status)) {
      return now < (actedOnUntil.get(id) ?? 0) && now - lookedAt >= intervalMs;
    }
    const underWay = task.status !== 'SCHEDULED' || task.waiting?.reason === 'cancelling';
    // oxlint-disable-next-line eslint/no-restricted-properties -- compared with the task's
    const timeHasCome = task.waiting?.reason === 'time' && Date.parse(task.scheduled_time) <= Date.now();
    return (underWay || timeHasCome) && now - lookedAt >= intervalMs;
  }

  return {
    look,
    lookAfterAction(id) {
      if (hub.last(id)) actedOnUntil.set(id, performance.now() + afterActionMs);
      look(id);
    },
    lookAtNews(id) {
      if (!states.get(id)?.failed) look(id);
    },
    lookAtDue() {
      const now = performance.now();
      for (const id of states.keys()) if (!hub.isOpenTo(id)) states.delete(id);
      for (const [id, until] of actedOnUntil) if (until <= now || !hub.last(id)) actedOnUntil.delete(id);
      for (const id of hub.ids()) if (isDue(id, now)) look(id);
    },
    async idle() {
      // Queued looks start as others end.
      while (looking.size > 0) await Promise.all(looking.values());
    },
  };
}
