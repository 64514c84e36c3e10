import { setTimeout as sleep } from 'node:timers/promises';
import { recordProcess } from '../../src/engine/processes.ts';

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
    if (Date.now() > deadline) throw new Error(`Waited ${deadlineMs / 1000} s in vain for: ${what}`);
    await sleep(50);
  }
}

/** A zombie doesn't count: an orphan's init may be slow to reap it, or never do. */
export function isRunning(pid: number): boolean {
  return recordProcess(pid) !== undefined;
}
