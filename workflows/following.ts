/**
 * Tasks that follow others, on both sides: a successor asks its predecessors to be told of their end, and these tell it
 * before they end. What no workflow can tell (one that was terminated, say) the workers find out and tell
 * (src/tasks/predecessors.ts).
 */
import {
  CancellationScope,
  getExternalWorkflowHandle,
  isCancellation,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { Inquiries } from '../activities/index.ts';
import type { PredecessorEnd, PredecessorOver } from '../src/contract/predecessors.ts';
import type { Successor } from '../src/contract/workflow.ts';
import { predecessorOverSignal, successorSignal } from './messages.ts';

// A local one: it must not wait for a slot behind tasks that run for hours.
const { lookUpPredecessor } = proxyLocalActivities<Inquiries>({
  startToCloseTimeout: '10 seconds',
  summary: 'How a task ended that this one follows',
});

/** The server takes 2,000 signals that are on their way at a time. */
const toldAtOnce = 200;
const mostTries = 3;

/**
 * Asks to be told of the end of each of these tasks.
 * @param onOver called for those that had ended before they could be asked.
 */
export async function follow(ids: readonly string[], onOver: (over: PredecessorOver) => void): Promise<void> {
  const ask = async (id: string): Promise<void> => {
    const over = await askOne(id);
    if (over) onOver(over);
  };
  await Promise.all(ids.map(ask));
}

async function askOne(id: string): Promise<PredecessorOver | null> {
  const { workflowId, runId } = workflowInfo();
  const successor: Successor = { id: workflowId, run_id: runId };
  for (let tries = 0; tries < mostTries; tries += 1) {
    // Without a run id: it is the newest run that matters.
    if (await isTold(() => getExternalWorkflowHandle(id).signal(successorSignal, successor))) return null;
    const over = await lookUpPredecessor(id);
    if (over !== null) return over;
    // It was retried between the two looks at it.
  }
  // More tasks follow it than a workflow can be told of: the workers will notice its end.
  return null;
}

/** Tells those that follow this task how it ends, those that come meanwhile included. */
export async function tellSuccessors(
  successors: Map<string, Successor>,
  ended: PredecessorEnd,
): Promise<void> {
  const over = { id: workflowInfo().workflowId, ended };
  await CancellationScope.nonCancellable(async () => {
    while (successors.size > 0) {
      const some = [...successors.values()].slice(0, toldAtOnce);
      for (const { id } of some) successors.delete(id);
      await Promise.all(
        some.map(({ id, run_id }) =>
          isTold(() => getExternalWorkflowHandle(id, run_id).signal(predecessorOverSignal, over)),
        ),
      );
    }
  });
}

/** Whether a signal arrived: one cannot be sent to a workflow that has ended. */
async function isTold(send: () => Promise<void>): Promise<boolean> {
  try {
    await send();
    return true;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return false;
  }
}
