import { attemptsIn } from './attempts.ts';
import type { ServiceContext } from './context.ts';
import type { LiveExecution } from './execution.ts';

/**
 * Returns when the first attempt of a run started, if it was interrupted or cancelled: then neither the memo has its
 * start, nor the pending attempt, which is a later one. Reads the run's events, once while the run is open.
 * @returns undefined if the execution itself shows the start, or there was none.
 */
export async function interruptedStart(
  { store, firstStarts }: ServiceContext,
  execution: LiveExecution,
): Promise<string | undefined> {
  if (!mayHaveInterrupted(execution)) return undefined;
  const { id, runId, memo, pending } = execution;
  const known = firstStarts.get(runId);
  if (known !== undefined) return known;
  const [first] = await attemptsIn(store.eventsBackwards(id, runId));
  // Until the interruption is reported, the last heartbeat may still be that of the first attempt.
  const found = first ?? pending?.heartbeat?.current;
  if (found?.attempt === memo.attempt + 1) firstStarts.set(runId, found.started_at);
  return found?.started_at;
}

function mayHaveInterrupted({ status, storedStatus, memo, pending }: LiveExecution): boolean {
  // The memo has the start once an attempt has failed. These runs report it in their close event.
  if (memo.started_at !== undefined || status === 'completed' || status === 'failed') return false;
  if (status === 'open') return (pending?.attempt ?? 1) > 1;
  return storedStatus === 'PENDING' || storedStatus === 'RUNNING';
}
