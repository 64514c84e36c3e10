import proto from '@temporalio/proto';
import { millis } from '../temporal/payload.ts';
import type { RepeatedWorkflowTask } from '../../activities/quick-lane.ts';
import type { TaskStore } from './store.ts';

const { TIMEOUT_TYPE_START_TO_CLOSE } = proto.temporal.api.enums.v1.TimeoutType;

/**
 * Returns how a run's last workflow task ended, if the one in progress repeats it: it may have had an attempt.
 * @returns undefined if it repeats none.
 */
export async function repeatedWorkflowTask(
  store: Pick<TaskStore, 'eventsBackwards'>,
  { workflowId, runId }: { readonly workflowId: string; readonly runId: string },
): Promise<RepeatedWorkflowTask | undefined> {
  let isLost = false;
  for await (const event of store.eventsBackwards(workflowId, runId)) {
    const started = event.workflowTaskStartedEventAttributes;
    if (isLost && started) {
      const started_at = new Date(millis(event.eventTime) ?? 0).toISOString();
      return { kind: 'lost', worker: started.identity ?? '', started_at };
    }
    if (event.workflowTaskCompletedEventAttributes) return undefined;
    if (event.workflowTaskFailedEventAttributes) return { kind: 'rejected' };
    const timedOut = event.workflowTaskTimedOutEventAttributes;
    isLost ||= timedOut?.timeoutType === TIMEOUT_TYPE_START_TO_CLOSE;
  }
  return undefined;
}
