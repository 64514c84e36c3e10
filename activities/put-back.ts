/** Attempts that are put back into the task queue before they begin. */
import { Context } from '@temporalio/activity';
import {
  ApplicationFailure,
  ApplicationFailureCategory,
  type ApplicationFailureOptions,
} from '@temporalio/common';
import { type AttemptInput, deferredType } from '../src/contract/workflow.ts';
import {
  type ActivityAttempt,
  type ProcessTaskDependencies,
  reportInterrupted,
  soonMs,
  workflowOf,
} from './activity-attempt.ts';
import { failure } from './attempt-failure.ts';
import { AttemptRecord } from './attempt-record.ts';
import { earlierTries } from './earlier-tries.ts';

/** Delay before a deferred task asks for its turn again, in milliseconds. */
const deferMs = 3000;
/**
 * Time for which a task of an unknown type is left to other workers, in milliseconds: those of a new release, for
 * example, which are started one after the other.
 */
const unknownTypeMs = 600_000;

/** Returns the error that frees the slot without starting an attempt. */
function deferral(
  { activity, record }: Pick<ActivityAttempt, 'activity' | 'record'>,
  message: string,
  options: Pick<ApplicationFailureOptions, 'nextRetryDelay' | 'category'>,
): Error {
  activity.heartbeat(record.deferral());
  return ApplicationFailure.create({ type: deferredType, message, ...options });
}

/** Defers a task that was lost with its worker until another such task has ended. */
export function notItsTurn(attempt: ActivityAttempt): Error {
  const message = 'Waiting for another task that was also lost with its worker';
  return deferral(attempt, message, { nextRetryDelay: deferMs });
}

/** Puts a task back into the queue that the guest slot is not for. */
export async function refusal(dependencies: ProcessTaskDependencies, input: AttemptInput): Promise<Error> {
  const { worker } = dependencies;
  const activity = Context.current();
  const workflow = workflowOf(activity);
  const tries = earlierTries(activity.info, input);
  const record = new AttemptRecord({ ...tries, startedAt: Date.now(), worker }, () => undefined);
  // The heartbeat of the refusal replaces that of a lost attempt, the only record of it.
  await reportInterrupted({ dependencies, activity, workflow, input, record }, tries.unreported);
  return deferral({ activity, record }, 'Waiting for another task of its owner to end', {
    nextRetryDelay: soonMs,
    // Nothing has failed, and it can happen every few seconds for days: the SDK logs it as a detail.
    category: ApplicationFailureCategory.BENIGN,
  });
}

/** Leaves the task to a worker that knows its type, or fails it if none has taken it for a long time. */
export function unknownType(attempt: ActivityAttempt): Error {
  const { activity, input, record, tries } = attempt;
  const message = `No task type "${input.type}" is registered with this worker`;
  if (Date.now() - activity.info.scheduledTimestampMs < unknownTypeMs) {
    // Once for each task, or a wrong setup would fill the log.
    if (tries.deferred === 0) activity.log.warn(`${message}: another one may have it`);
    return deferral(attempt, message, { nextRetryDelay: deferMs });
  }
  return failure(attempt, record.report('failed', { type: 'UnknownTaskType', message }), {
    retryable: false,
  });
}
