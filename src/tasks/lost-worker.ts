import proto from '@temporalio/proto';
import { millis } from '../temporal/payload.ts';
import type { TaskStore } from './store.ts';

const { TIMEOUT_TYPE_START_TO_CLOSE } = proto.temporal.api.enums.v1.TimeoutType;

/**
 * Returns the worker that a run's last workflow task was lost with, and when that had started. The task that is in
 * progress now repeats it.
 * @returns undefined if the last workflow task has ended in another way.
 */
export async function lostWorker(
  store: Pick<TaskStore, 'eventsBackwards'>,
  { workflowId, runId }: { readonly workflowId: string; readonly runId: string },
): Promise<{ readonly worker: string; readonly started_at: string } | undefined> {
  let isLost = false;
  for await (const event of store.eventsBackwards(workflowId, runId)) {
    const started = event.workflowTaskStartedEventAttributes;
    if (isLost && started) {
      return {
        worker: started.identity ?? '',
        started_at: new Date(millis(event.eventTime) ?? 0).toISOString(),
      };
    }
    if (event.workflowTaskCompletedEventAttributes || event.workflowTaskFailedEventAttributes)
      return undefined;
    const timedOut = event.workflowTaskTimedOutEventAttributes;
    isLost ||= timedOut?.timeoutType === TIMEOUT_TYPE_START_TO_CLOSE;
  }
  return undefined;
}
