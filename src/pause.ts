import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until the time is over or the signal is aborted. The caller must check the signal next. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
