/**
 * Reads something each time it is asked to: one read at a time, at most one per interval, and always once more
 * if it was asked during a read.
 *
 * idle → waiting (for the interval) → reading → idle or waiting …; closed for good by `close`.
 */
export interface Refresher {
  ask(): void;
  close(): void;
}

export function createRefresher(read: () => Promise<void>, leastMs: number): Refresher {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let [isReading, isAsked, isClosed] = [false, false, false];
  let lastStart = Number.NEGATIVE_INFINITY;

  function ask(): void {
    if (isClosed || timer !== undefined) return;
    isAsked = true;
    if (!isReading)
      timer = setTimeout(() => void start(), Math.max(0, lastStart + leastMs - performance.now()));
  }

  async function start(): Promise<void> {
    timer = undefined;
    [isReading, isAsked] = [true, false];
    lastStart = performance.now();
    try {
      await read();
    } finally {
      isReading = false;
      if (isAsked) ask();
    }
  }

  return {
    ask,
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
