/** As many calls as can run or wait do so already. */
export class Busy extends Error {
  override readonly name = 'Busy';
}

export interface Limiter {
  /** Runs `work` when its turn comes. @throws {Busy} at once, if the queue is full. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

/** Lets `concurrency` calls run at a time, and up to `queue` wait, first come first served. */
export function createLimiter({ concurrency, queue }: { concurrency: number; queue: number }): Limiter {
  const waiting: (() => void)[] = [];
  let running = 0;

  return {
    async run(work) {
      if (running < concurrency) {
        running += 1;
      } else {
        if (waiting.length >= queue) throw new Busy('too many at once');
        // Whoever finishes hands its place over, so that `running` stays and no newcomer slips in between.
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
}

/** Does the work for each, so many at a time. @returns the results, in order. */
export function forEachOf<I, O>(
  items: readonly I[],
  concurrency: number,
  work: (item: I) => Promise<O>,
): Promise<O[]> {
  const limiter = createLimiter({ concurrency, queue: Number.POSITIVE_INFINITY });
  return Promise.all(items.map((item) => limiter.run(() => work(item))));
}
