/** How an attempt that did not complete ends: by the task's retry policy, or with another attempt by the server. */
import { CancelledFailure } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { AttemptFailure, AttemptReport } from '../src/contract/workflow.ts';
import {
  type ActivityAttempt,
  type ProcessTaskDependencies,
  reportInterrupted,
  soonMs,
} from './activity-attempt.ts';
import { blamedAfter, type EarlierTries } from './earlier-tries.ts';
import { AttemptInterrupted, describeFailure } from './failures.ts';

/** An attempt on either lane. */
export interface MeasuredAttempt extends Pick<ActivityAttempt, 'record' | 'input'> {
  readonly dependencies: Pick<ProcessTaskDependencies, 'measures'>;
}

/** Number of lost attempts after which the task itself is considered the cause: that is a failure of its attempt. */
const maxBlamedLosses = 5;
/** Number of lost attempts in a row of which no worker was heard, and whose cause is therefore not known. */
const maxUnheardLosses = 10;

/** Returns whether the task has lost its workers too often to be started again. */
export function isLostTooOften({ blamed, unheard }: EarlierTries): boolean {
  return blamed >= maxBlamedLosses || unheard >= maxUnheardLosses;
}

/** Returns the failure of a task that loses its workers, with the last attempt that was lost. None is started. */
export async function giveUp(attempt: ActivityAttempt): Promise<Error> {
  const { unreported, attempt: number } = attempt.tries;
  await reportInterrupted(attempt, unreported.slice(0, -1));
  const last = unreported.at(-1) ?? { ...attempt.record.report('lost', null), attempt: number - 1 };
  return lostTooOften(attempt, last, 0);
}

/** @param ended number of attempts lost that the earlier tries don't include: 1 if it is the running one. */
function lostTooOften(attempt: ActivityAttempt, last: AttemptReport, ended: 0 | 1): Error {
  const message = `The task's worker or handler process was lost ${attempt.tries.lost + ended} times while it ran`;
  // The retry policy decides what comes next. It may have been bad luck after all.
  return failure(attempt, { ...last, error: { type: 'WorkerLost', message } }, { retryable: true });
}

/** Returns the error of an attempt whose handler threw, whose process was lost, or that was stopped. */
export async function activityFailure(error: unknown, attempt: ActivityAttempt): Promise<Error> {
  const { stop, record } = attempt;
  if (error instanceof AttemptInterrupted) return interrupted(error, attempt);
  if (error instanceof CancelledFailure && stop.signal.aborted) {
    const report = record.report('cancelled', null);
    attempt.dependencies.measures.attemptEnded(attempt.input.type, report);
    return new CancelledFailure('Task cancelled', [report]);
  }
  return attemptFailure(error, attempt);
}

/** Returns the failure of an attempt whose handler threw, or was stopped at a limit. */
export function attemptFailure(error: unknown, attempt: MeasuredAttempt): Error {
  const { type, message, ...retry } = describeFailure(error);
  return failure(attempt, attempt.record.report('failed', { type, message }), retry);
}

/**
 * Returns the error that makes the server start another attempt: by the activity's retry policy, or at once
 * after a hand-back.
 */
async function interrupted(
  { outcome, type, message }: AttemptInterrupted,
  attempt: ActivityAttempt,
): Promise<Error> {
  const { activity, record, tries } = attempt;
  const report = record.report(outcome, { type, message });
  const blamed = blamedAfter(Date.now() - attempt.startedAt, tries.blamed);
  if (outcome === 'lost' && blamed + 1 >= maxBlamedLosses) return lostTooOften(attempt, report, 1);
  await reportInterrupted(attempt, [report]);
  // The count must reach the server before the failure does, or a hand-back would count as a lost worker.
  activity.heartbeat(record.lastHeartbeat(outcome));
  const soon = outcome === 'handed_back' ? { nextRetryDelay: soonMs } : {};
  return ApplicationFailure.create({ type, message, ...soon });
}

/** Returns the failure of an attempt, with its report, by which the workflow applies the task's own retry policy. */
export function failure(
  { dependencies, record, input }: MeasuredAttempt,
  report: AttemptReport,
  { retryable, retryAfterMs }: { retryable: boolean; retryAfterMs?: number | undefined },
): Error {
  dependencies.measures.attemptEnded(input.type, report);
  const checkpoint = input.discards_checkpoint === true ? null : record.checkpoint;
  const details: AttemptFailure = {
    report,
    retryable,
    retry_after_ms: retryAfterMs ?? null,
    checkpoint,
  };
  return ApplicationFailure.create({
    type: report.error?.type ?? 'Error',
    message: report.error?.message ?? '',
    // The workflow applies the task's own policy; Temporal's is for lost workers.
    nonRetryable: true,
    // No cause: it would include the untruncated message and stack. The stack is in the attempt's log.
    details: [details],
  });
}
