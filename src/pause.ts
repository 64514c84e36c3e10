import { setTimeout as sleep } from 'node:timers/promises';

/** Until the time is over, or the signal is aborted: whoever waits looks at the signal next. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
