import { setTimeout as sleep } from 'node:timers/promises';
import type { LiveExecution } from './execution.ts';
import type { TaskStore } from './store.ts';

/** How long a command waits for its effect before it answers that the effect is on its way, in milliseconds. */
export const effectTimeoutMs = 1000;

/** Polls the run until the effect is there or the time is up. @returns the run's latest state. */
export async function waitFor(
  store: TaskStore,
  before: LiveExecution,
  effect: (execution: LiveExecution) => boolean,
  waitMs = effectTimeoutMs,
): Promise<LiveExecution> {
  const deadline = Date.now() + waitMs;
  let latest = before;
  for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 1.5, 150)) {
    latest = (await store.describe(before.id, before.runId)) ?? latest;
    if (effect(latest) || Date.now() >= deadline) return latest;
    await sleep(pauseMs);
  }
}
