import { notFound, wrongState } from '../contract/errors.ts';
import { type Actor, mayAccess } from '../resources/actor.ts';
import { waitForEffect } from '../resources/effect.ts';
import type { LiveExecution } from './execution.ts';
import type { TaskStore } from './store.ts';

/**
 * Loads a task for a caller. Every task lookup on behalf of a user goes through here: REST, sockets, commands.
 * @throws AppError not_found, equally for a missing task, another workflow's id and another owner's task.
 */
export async function loadTask(store: TaskStore, actor: Actor, id: string): Promise<LiveExecution> {
  const execution = await store.describe(id);
  if (!execution || !mayAccess(actor, execution.owner)) throw notFound();
  return execution;
}

/** Maximum history of a task that can still change. The server ends a run at far more: 51,200 events or 50 MB. */
const maxEvents = 5000;
const maxHistoryBytes = 16 * 1024 * 1024;

/** Returns whether a task's history has room for more events. */
export function isChangeable({ historyLength, historyBytes }: LiveExecution): boolean {
  return historyLength < maxEvents && historyBytes < maxHistoryBytes;
}

/** @throws AppError wrong_state for a task that was changed so often that its history has no room for more. */
export function assertChangeable(execution: LiveExecution): void {
  if (isChangeable(execution)) return;
  throw wrongState('Task has been changed too often; delete it and create it again');
}

/** Waits until a task shows the effect of a command, or the time is up. @returns its latest state. */
export function taskEffect(
  store: TaskStore,
  before: LiveExecution,
  effect: (execution: LiveExecution) => boolean,
  waitMs?: number,
): Promise<LiveExecution> {
  return waitForEffect(() => store.describe(before.id, before.runId), before, effect, waitMs);
}
