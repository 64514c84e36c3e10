import { setTimeout as sleep } from 'node:timers/promises';

/** How long a task is on probation that has lost its worker once, and twice; after that, for as long as it runs. */
const termsMs = [5_000, 30_000];
/** So long the others need to get out of its way. */
const settleMs = 1_000;

/**
 * A task that was lost with its worker may have been the cause. The server repeats all that were lost with it at the
 * same moment, so a worker tries only one of them at a time: one that does take its worker down then does so by
 * itself, instead of dragging the others along until all are given up. Of those that were merely unlucky, none is held
 * up for long.
 *
 * free → taken (`admit`) → free (`end`, or the term is over)
 */
export class Probation {
  #holder: object | undefined;

  /**
   * @param lost how often the task was lost with its worker.
   * @returns what to do before the attempt and after it; undefined when the task has to wait for its turn.
   */
  admit(lost: number): { settle(stopping: AbortSignal): Promise<void>; end(): void } | undefined {
    if (lost === 0) return { settle: () => Promise.resolve(), end: () => undefined };
    if (this.#holder) return undefined;
    const holder = {};
    this.#holder = holder;
    const end = (): void => {
      clearTimeout(timer);
      if (this.#holder === holder) this.#holder = undefined;
    };
    const termMs = termsMs[lost - 1];
    const timer = termMs === undefined ? undefined : setTimeout(end, termMs + settleMs);
    return { settle: untilSettled, end };
  }
}

/** A cancellation ends it early; whoever then runs the attempt sees that for himself. */
async function untilSettled(stopping: AbortSignal): Promise<void> {
  await sleep(settleMs, undefined, { signal: stopping }).catch(() => undefined);
}
