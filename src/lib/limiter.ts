/** The maximum number of calls is already running and waiting. */
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
        // A call that ends hands its place over, so `running` stays the same and no new call slips in between.
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

/** Runs `work` for each item, `concurrency` at a time. @returns the results, in order. */
export function mapConcurrently<I, O>(
  items: readonly I[],
  concurrency: number,
  work: (item: I) => Promise<O>,
): Promise<O[]> {
  const limiter = createLimiter({ concurrency, queue: Number.POSITIVE_INFINITY });
  return Promise.all(items.map((item) => limiter.run(() => work(item))));
}
