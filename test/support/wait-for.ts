import { setTimeout as sleep } from 'node:timers/promises';

const firstPauseMs = 50;
/** Long enough to save CPU time: a check can cost several processes some milliseconds, and many tests wait at once. */
const maxPauseMs = 500;

/** Asks at growing intervals until the answer is neither undefined nor false. @throws after the deadline. */
export async function waitFor<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  deadlineMs = 40_000,
): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, maxPauseMs)) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`Not seen within ${deadlineMs / 1000} s: ${what}`);
    await sleep(pauseMs);
  }
}
