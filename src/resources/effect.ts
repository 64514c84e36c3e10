import { AppError } from '../contract/errors.ts';
import { pause } from '../lib/wait.ts';

/**
 * Maximum time that a command waits for its effect, in milliseconds. After that, it answers that the effect
 * is in progress.
 */
export const effectTimeoutMs = 1000;

/**
 * Reads a state until it shows the effect of a command, or the time is up.
 * @param read may return undefined for a state that cannot be read at the moment; the last one that was read
 * then counts. So it does when Temporal becomes unavailable: the command has been accepted.
 * @returns the latest state.
 */
export async function waitForEffect<T>(
  read: () => Promise<T | undefined>,
  before: T,
  effect: (state: T) => boolean,
  waitMs = effectTimeoutMs,
): Promise<T> {
  const deadline = performance.now() + waitMs;
  let latest = before;
  for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 1.5, 150)) {
    try {
      latest = (await read()) ?? latest;
    } catch (error) {
      if (error instanceof AppError && error.code === 'temporal_unavailable') return latest;
      throw error;
    }
    if (effect(latest) || performance.now() >= deadline) return latest;
    await pause(pauseMs);
  }
}
