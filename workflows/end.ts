/** The end of a run: how it ends, and what is done before it closes. */
import {
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  isCancellation,
  TemporalFailure,
} from '@temporalio/workflow';
import type { EndedStatus } from '../src/contract/status.ts';
import type { TaskOutcome } from '../src/contract/workflow.ts';
import { notifyDependents } from './dependencies.ts';
import type { Run } from './run.ts';

/** How a run ends, for the task's owner and in Temporal. */
export type RunEnd =
  | { readonly status: 'COMPLETED'; readonly outcome: TaskOutcome }
  | { readonly status: 'FAILED' | 'CANCELLED'; readonly failure: unknown };

/**
 * Returns how an error ends the run. @throws the error if it is a bug of ours, which must not end the task.
 */
export function endByError(error: unknown): RunEnd {
  if (isCancellation(error)) return { status: 'CANCELLED', failure: error };
  if (CancellationScope.current().consideredCancelled) {
    return { status: 'CANCELLED', failure: new CancelledFailure('Task cancelled') };
  }
  // Anything but Temporal's own failures is a bug of ours.
  if (!(error instanceof TemporalFailure)) throw error;
  return { status: 'FAILED', failure: error };
}

/**
 * Does what remains to be done before a run closes. Every run ends here, whatever its outcome. Once this has
 * started, a cancellation can neither interrupt nor change the end.
 */
export async function endRun(run: Run, status: EndedStatus): Promise<void> {
  run.hasEnded = true;
  run.rejectWaiting();
  if (allHandlersFinished() && run.dependents.size === 0) return;
  await CancellationScope.nonCancellable(async () => {
    // Those whose changes were rejected answer first: a run that closes leaves them without an answer.
    await condition(allHandlersFinished);
    await notifyDependents(run.dependents, status);
  });
}
