import { AppError, notFound } from '../contract/errors.ts';
import type { LiveExecution } from './execution.ts';
import type { TaskStore } from './store.ts';

/** Who is asking. */
export interface Actor {
  readonly id: string;
  readonly name: string;
  readonly role: 'user' | 'admin';
}

/**
 * The one way to a task for everybody: REST, sockets, commands.
 * @throws AppError not_found alike for a missing task, another workflow's id and another owner's task.
 */
export async function loadTask(store: TaskStore, actor: Actor, id: string): Promise<LiveExecution> {
  const execution = await store.describe(id);
  if (!execution || !mayAccess(actor, execution.owner)) throw notFound();
  return execution;
}

export function mayAccess(actor: Actor, owner: string): boolean {
  return actor.role === 'admin' || actor.id === owner;
}

/** Far below what the server takes of one run before it ends it (51,200 events, 50 MB). */
const maxEvents = 5000;
const maxHistoryBytes = 16 * 1024 * 1024;

/** Whether the history of a task has room for more. */
export function isChangeable({ historyLength, historyBytes }: LiveExecution): boolean {
  return historyLength < maxEvents && historyBytes < maxHistoryBytes;
}

/** @throws AppError wrong_state for a task that has been changed so often that one more could be its end. */
export function assertChangeable(execution: LiveExecution): void {
  if (isChangeable(execution)) return;
  throw new AppError('wrong_state', 'Task has been changed too often; delete it and create it anew');
}
