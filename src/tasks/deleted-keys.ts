/**
 * What is left of a deleted task that was created with an Idempotency-Key: a request that is repeated after the deletion
 * must not create the task again. Temporal forgets a deleted workflow at once, so the deletion leaves another one, which
 * has no data and ends at once. The namespace keeps it for its retention, as it would have kept the task.
 */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { AppError, ifFound } from '../contract/errors.ts';
import { deletedTaskWorkflowType } from '../contract/names.ts';
import type { Execution } from './execution.ts';
import type { TaskStore } from './store.ts';

/** Delay that keeps it from every worker until it is ended, a moment later. */
const startDelay = '1 day';
/** Ends it after the delay, should this process not get to it. */
const workflowExecutionTimeout = '1 s';

/** Remembers the key of a task, if it has one. Called before the task is deleted, so that no moment is without either. */
export async function rememberKey(
  { temporal }: TaskStore,
  { id, memo }: Pick<Execution, 'id' | 'memo'>,
): Promise<void> {
  if (memo.fingerprint === undefined) return;
  const workflowId = rememberedAs(id);
  try {
    const options = { workflowId, args: [], startDelay, workflowExecutionTimeout };
    await temporal.start(deletedTaskWorkflowType, { ...options, workflowIdReusePolicy: 'REJECT_DUPLICATE' });
  } catch (error) {
    // An earlier attempt at the deletion has started it.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  await ifFound(temporal.terminate({ id: workflowId }, 'remembers the Idempotency-Key of a deleted task'));
}

/**
 * Called once no task with the id is found.
 * @throws AppError task_deleted if there was one.
 */
export async function assertNotDeleted({ temporal }: TaskStore, id: string): Promise<void> {
  if (await ifFound(temporal.describe({ id: rememberedAs(id) }))) throw taskDeleted();
}

export function taskDeleted(): AppError {
  return new AppError(
    'task_deleted',
    'The task of this Idempotency-Key has been deleted. Send another key to create a task.',
  );
}

/** Returns a workflow id that no task has. */
function rememberedAs(id: string): string {
  return `${id}-deleted`;
}
