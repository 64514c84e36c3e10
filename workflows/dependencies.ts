/**
 * Tasks that wait for others, from both sides: a dependent asks its predecessors to notify it of their end,
 * and they do so before they end. Ends that no workflow can report (a termination, say) are found and
 * reported by the workers (src/tasks/missed-ends.ts, started by src/worker/end-watch.ts).
 */
import {
  getExternalWorkflowHandle,
  isCancellation,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { LocalActivities } from '../activities/index.ts';
import type { PredecessorEnd, EndedPredecessor } from '../src/contract/predecessors.ts';
import { taskIdOf, workflowIdOf } from '../src/contract/run-id.ts';
import type { Dependent } from '../src/contract/workflow.ts';
import { predecessorEndedSignal, dependentSignal } from './messages.ts';

// A local activity, since it must not wait for a slot behind tasks that run for hours.
const { lookUpPredecessor } = proxyLocalActivities<LocalActivities>({
  startToCloseTimeout: '10 seconds',
  summary: 'Look up how a predecessor ended',
});

/** Maximum number of signals in flight; the server allows 2,000. */
const maxSignalsInFlight = 200;
const maxTries = 3;

/**
 * Asks each of these tasks to notify this one of its end.
 * @param onEnded called for each task that had ended before it could be asked.
 */
export async function subscribeToPredecessors(
  ids: readonly string[],
  onEnded: (predecessor: EndedPredecessor) => void,
): Promise<void> {
  const ask = async (id: string): Promise<void> => {
    const ended = await askOne(id);
    if (ended) onEnded(ended);
  };
  await Promise.all(ids.map(ask));
}

async function askOne(id: string): Promise<EndedPredecessor | null> {
  const { workflowId, runId } = workflowInfo();
  const dependent: Dependent = { id: workflowId, run_id: runId };
  for (let tries = 0; tries < maxTries; tries += 1) {
    // Signals without a run id, since the newest run is the one that matters.
    if (
      await isDelivered(() => getExternalWorkflowHandle(workflowIdOf(id)).signal(dependentSignal, dependent))
    )
      return null;
    const ended = await lookUpPredecessor(id);
    if (ended !== null) return ended;
    // It was retried between the signal and the lookup: ask its new run.
  }
  // The predecessor has more dependents than a workflow can receive signals from. The workers will notice its
  // end.
  return null;
}

/** Notifies this task's dependents of how it ends, including those that ask while this runs. */
export async function notifyDependents(
  dependents: Map<string, Dependent>,
  ended: PredecessorEnd,
): Promise<void> {
  const predecessor = { id: taskIdOf(workflowInfo().workflowId), ended };
  while (dependents.size > 0) {
    const some = [...dependents.values()].slice(0, maxSignalsInFlight);
    for (const { id } of some) dependents.delete(id);
    await Promise.all(
      some.map(({ id, run_id }) =>
        isDelivered(() => getExternalWorkflowHandle(id, run_id).signal(predecessorEndedSignal, predecessor)),
      ),
    );
  }
}

/** Returns whether a signal arrived: a workflow that has ended cannot receive one. */
async function isDelivered(send: () => Promise<void>): Promise<boolean> {
  try {
    await send();
    return true;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return false;
  }
}
