/** How long a task is on probation that has lost its worker once, twice, and more often. */
const termsMs = { first: 5_000, second: 30_000, later: 120_000 };
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
    const termMs = lost === 1 ? termsMs.first : lost === 2 ? termsMs.second : termsMs.later;
    const timer = setTimeout(end, termMs + settleMs);
    return { settle: untilSettled, end };
  }
}

/** A cancellation ends it early; whoever then runs the attempt sees that for himself. */
async function untilSettled(stopping: AbortSignal): Promise<void> {
  if (stopping.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      stopping.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, settleMs);
    stopping.addEventListener('abort', done);
  });
}
