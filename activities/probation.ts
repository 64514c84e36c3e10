import { pause } from '../src/lib/wait.ts';

/** Length of probation for a task that has lost its worker once, twice or more often, in milliseconds. */
const termsMs = { first: 5_000, second: 30_000, later: 120_000 };
/** Time for the other lost tasks to be handed back before this one is tried alone, in milliseconds. */
const settleMs = 1_000;

/**
 * A task that was lost with its worker may have caused the loss. The server retries all tasks that were lost
 * together at the same moment, so a worker tries only one of them at a time. A task that does crash its
 * worker then does so alone, instead of taking the others down with it until all have failed. Tasks that were
 * merely unlucky are not held up for long.
 *
 * free → taken (`admit`) → free (`end`, or the term is over)
 */
export class Probation {
  #holder: object | undefined;

  /**
   * @param lost number of times the task was lost with its worker.
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
    const termMs = lost === 1 ? termsMs.first : lost === 2 ? termsMs.second : termsMs.later;
    const timer = setTimeout(end, termMs + settleMs);
    return {
      // A cancellation ends the wait early, and is handled where the attempt runs.
      settle: (stopping) => pause(settleMs, stopping),
      end,
    };
  }
}
