import { notFound } from '../contract/errors.ts';
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
