import type { temporal } from '@temporalio/proto';
import type { JsonValue } from '../contract/json.ts';
import type { AttemptReport, TaskFailureDetails, TaskOutcome } from '../contract/workflow.ts';
import { decode } from '../temporal/payload.ts';

type Event = temporal.api.history.v1.IHistoryEvent;

/** What a run's close event contains besides its status. */
export interface Ending {
  readonly result: JsonValue | null;
  readonly errorMessage: string | null;
  readonly attempts: readonly AttemptReport[];
  readonly attempt: number | undefined;
  readonly startedAt: string | undefined;
}

export function readEnding(event: Event | undefined): Ending {
  const completed = event?.workflowExecutionCompletedEventAttributes;
  if (completed) return fromOutcome(decode<TaskOutcome>(completed.result?.payloads?.[0]));
  const failure = event?.workflowExecutionFailedEventAttributes?.failure;
  if (failure) {
    const details = decode<TaskFailureDetails>(failure.applicationFailureInfo?.details?.payloads?.[0]);
    return {
      result: null,
      errorMessage: failure.message ?? null,
      attempts: details?.attempts ?? [],
      attempt: details?.attempt,
      startedAt: details?.started_at ?? undefined,
    };
  }
  const reason = event?.workflowExecutionTerminatedEventAttributes?.reason;
  return { ...nothing, errorMessage: reason ? `Terminated from outside: ${reason}` : null };
}

const nothing: Ending = {
  result: null,
  errorMessage: null,
  attempts: [],
  attempt: undefined,
  startedAt: undefined,
};

function fromOutcome(outcome: TaskOutcome | undefined): Ending {
  if (!outcome) return nothing;
  const { result, attempt, attempts, started_at } = outcome;
  return { result, errorMessage: null, attempts, attempt, startedAt: started_at };
}
