/**
 * Periodically notifies subscribers (such as dependents) of ends that no workflow has reported.
 *
 * looking ⇄ resting → closed (`close()`: waits for the look in progress). A look that fails is logged, and
 * the next one makes up for it. Kinds of subscribers are handled one after the other, and a failure of one
 * doesn't affect the others.
 */
import type { Logger } from 'pino';
import { pause } from '../lib/wait.ts';
import { type EndSource, type EndSubscribers, NotifiedEnds, notifyMissedEnds } from '../tasks/missed-ends.ts';

export interface EndWatchOptions {
  readonly store: EndSource;
  readonly subscribers: readonly EndSubscribers[];
  readonly logger: Logger;
  /**
   * Minimum rest between two looks, in milliseconds. The default of 20 s means that such an end is noticed within a
   * minute.
   */
  readonly restMs?: number;
}

export interface EndWatch {
  close(): Promise<void>;
}

const defaultRestMs = 20_000;
/**
 * Maximum rest, as a multiple of the minimum. Many waiting tasks make a look long, and the rest grows with
 * it.
 */
const maxRestFactor = 2;
const restPerLook = 10;

export function watchForMissedEnds(options: EndWatchOptions): EndWatch {
  const { store, logger, restMs = defaultRestMs } = options;
  const kinds = options.subscribers.map((subscribers) => ({ subscribers, notified: new NotifiedEnds() }));
  const closing = new AbortController();

  async function look({ subscribers, notified }: (typeof kinds)[number]): Promise<void> {
    try {
      const count = await notifyMissedEnds(store, subscribers, notified);
      if (count > 0) logger.info({ notified: count }, `notified ${subscribers.kind} of missed task ends`);
    } catch (error) {
      logger.warn({ err: error }, 'could not look for missed task ends');
    }
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      const startedAt = performance.now();
      for (const kind of kinds) await look(kind);
      const wanted = Math.max(restMs, (performance.now() - startedAt) * restPerLook);
      const ms = Math.min(restMs * maxRestFactor, wanted);
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
