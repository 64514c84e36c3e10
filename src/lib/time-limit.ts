/** Something took longer than its limit. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';
}

/**
 * Runs work with a signal that fires with another one, or with a {@link TimeLimitError} after a time. The work throws
 * the signal's reason once that has fired.
 *
 * Not AbortSignal.any with AbortSignal.timeout: in Node.js 20, garbage collection can lose the timeout.
 */
export async function withTimeLimit<T>(
  { limitMs, message, signal }: { limitMs: number; message: string; signal: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => controller.abort(new TimeLimitError(message)), limitMs);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
