/**
 * Periodically notifies dependents of ends that no workflow reported.
 *
 * looking ⇄ resting → closed (`close()`: waits for the look in progress). A look that fails is logged, and the next one
 * makes up for it.
 */
import type { Logger } from 'pino';
import { pause } from '../lib/wait.ts';
import type { TaskStore } from '../tasks/store.ts';
import { notifyMissedEnds, NotifiedEnds } from '../tasks/missed-ends.ts';

export interface EndWatch {
  close(): Promise<void>;
}

/** Minimum rest between two looks, in milliseconds: such an end must be noticed within a minute. */
const restMs = 20_000;
/** Maximum rest between two looks, in milliseconds. Many waiting tasks make a look long, and the rest grows with it. */
const maxRestMs = 40_000;
const restPerLook = 10;

export function watchForMissedEnds(store: TaskStore, logger: Logger): EndWatch {
  const notified = new NotifiedEnds();
  const closing = new AbortController();

  async function look(): Promise<void> {
    try {
      const count = await notifyMissedEnds(store, notified);
      if (count > 0) logger.info({ notified: count }, 'notified dependents of missed task ends');
    } catch (error) {
      logger.warn({ err: error }, 'could not look for missed task ends');
    }
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      const startedAt = Date.now();
      await look();
      const ms = Math.min(maxRestMs, Math.max(restMs, (Date.now() - startedAt) * restPerLook));
      // Spread out, so that workers that started together don't look together.
      await pause(ms * (0.75 + Math.random() / 4), closing.signal);
    }
  }

  const running = run();
  return {
    async close() {
      closing.abort();
      await running;
    },
  };
}
