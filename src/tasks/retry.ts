import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { TaskInput } from '../contract/workflow.ts';
import { type Actor, loadTask } from './access.ts';
import type { Writer } from './create.ts';
import { readTask, type TaskView, wrongState } from './read.ts';
import { summarise } from './snapshot.ts';
import { currentInput } from './spec.ts';
import { startRun } from './start.ts';

/** A new run of an ended task under the same id. Any number of calls for the same ended run start one. */
export async function retryTask(writer: Writer, actor: Actor, id: string): Promise<TaskView> {
  const { store } = writer;
  const ended = await loadTask(store, actor, id);
  if (ended.status === 'open') throw wrongState('Task cannot be retried');
  const last = await currentInput(store, ended);
  if (!last) throw new Error(`The start of run ${ended.runId} cannot be read`);
  const now = Date.now();
  const neverBegan = ended.status === 'cancelled' && ended.memo.attempt === 0;
  const input: TaskInput = {
    ...last,
    // One that was cancelled before it had begun keeps its time; otherwise it is due at once.
    scheduled_time: new Date(neverBegan ? Math.max(ended.scheduledAt, now) : now).toISOString(),
    version: ended.version + 1,
    retry_count: ended.memo.retry_count + 1,
  };
  const { status } = summarise(ended, { now });
  const { fingerprint } = ended.memo;
  const run = {
    id,
    input,
    replaces: { runId: ended.runId, status },
    ...(fingerprint ? { fingerprint } : {}),
  };
  try {
    await startRun(store, run, now);
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw wrongState('Task cannot be retried');
  }
  return readTask(writer, actor, await loadTask(store, actor, id));
}
