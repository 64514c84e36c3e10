import { setTimeout as sleep } from 'node:timers/promises';

/** Asks until there is an answer other than undefined or false. @throws after the deadline. */
export async function waitFor<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  deadlineMs = 40_000,
): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`Not seen within ${deadlineMs / 1000} s: ${what}`);
    await sleep(50);
  }
}
