/** Waits that a signal can end. Runs in browsers as well. */

/** Waits for a time, in milliseconds, or until the signal is aborted. Never rejects: the caller checks the signal. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
    if (signal?.aborted) done();
  });
}

/** Returns what the promise resolves to, unless the signal is aborted first. @throws the signal's reason. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Returns the delay before a retry, in milliseconds: exponential, and jittered to keep clients apart. */
export function backoffMs(tries: number, { min, max }: { min: number; max: number }): number {
  return Math.min(max, min * 2 ** tries) * (0.5 + Math.random() / 2);
}

/** Calls again every second until it succeeds. @throws the error of the last call, once `ms` have passed. */
export async function retryFor<T>(ms: number, call: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (performance.now() >= deadline) throw error;
    }
    await pause(1_000);
  }
}
