import type { temporal } from '@temporalio/proto';
import type { JsonValue } from '../contract/json.ts';
import type { AttemptFailure, AttemptReport, TaskFailureDetails, TaskOutcome } from '../contract/workflow.ts';
import { decode } from './execution.ts';

type Event = temporal.api.history.v1.IHistoryEvent;

/** What the close event of a run tells beyond its status. */
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

/**
 * The attempts of a run that are over, from its events, newest first: for a run whose workflow has not reported them
 * (yet), and without asking a worker. What lies before the last edit was withdrawn by it.
 */
export async function attemptsIn(backwards: AsyncIterable<Event>): Promise<AttemptReport[]> {
  const attempts: AttemptReport[] = [];
  for await (const event of backwards) {
    if (event.workflowExecutionUpdateAcceptedEventAttributes) break;
    const failure = event.activityTaskFailedEventAttributes?.failure?.applicationFailureInfo?.details;
    const cancelled = event.activityTaskCanceledEventAttributes?.details;
    const report =
      decode<AttemptFailure>(failure?.payloads?.[0])?.report ??
      decode<AttemptReport>(cancelled?.payloads?.[0]);
    if (report) attempts.push(report);
  }
  return attempts.toReversed();
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
