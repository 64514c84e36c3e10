/**
 * Looks now and then for ends of tasks that others wait for and that no workflow has told them (src/tasks/untold-ends.ts).
 *
 * looking ⇄ resting → closed (`close()`: waits for the look under way). A look that fails is a line in the log, and the
 * next one makes up for it.
 */
import type { Logger } from 'pino';
import { pause } from '../pause.ts';
import type { TaskStore } from '../tasks/store.ts';
import { tellUntoldEnds, Told } from '../tasks/untold-ends.ts';

export interface EndWatch {
  close(): Promise<void>;
}

/** Such an end is to be noticed within a minute. */
const restMs = 20_000;
/** Many waiting tasks make a look long; then there is more time between two of them, up to this. */
const mostRestMs = 40_000;
const restPerLook = 10;

export function watchForUntoldEnds(store: TaskStore, logger: Logger): EndWatch {
  const told = new Told();
  const closing = new AbortController();

  async function look(): Promise<void> {
    try {
      const count = await tellUntoldEnds(store, told);
      if (count > 0) logger.info({ told: count }, 'tasks were told of ends that nobody had told them');
    } catch (error) {
      logger.warn({ err: error }, 'could not look for ends that nobody has told');
    }
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      const startedAt = Date.now();
      await look();
      const ms = Math.min(mostRestMs, Math.max(restMs, (Date.now() - startedAt) * restPerLook));
      // Workers that started together need not look together.
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
