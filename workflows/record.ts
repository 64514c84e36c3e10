/** Writes the task's state where it can be read without a query: search attributes, memo, details. */
import {
  ApplicationFailure,
  setCurrentDetails,
  upsertMemo,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { SearchAttributeUpdatePair } from '@temporalio/common';
import { searchAttributes } from '../src/contract/names.ts';
import { type EndedPredecessor, memoOfPredecessors } from '../src/contract/predecessors.ts';
import { searchableName, searchableTag } from '../src/contract/searchable.ts';
import { escapeMarkup, truncateBytes } from '../src/contract/text.ts';
import type { ErrorReport, TaskFailureDetails, TaskMemo } from '../src/contract/workflow.ts';
import type { TaskState } from './state.ts';
import { listedOf } from '../src/contract/spec.ts';

/** Maximum size of the error message in the memo, in bytes: every row of a list carries the memo. */
export const maxMemoErrorBytes = 1024;

/** Records what has changed between two states. Takes no workflow task of its own. */
export function recordState(before: TaskState, after: TaskState): void {
  if (after.version !== before.version) upsertSearchAttributes(changedAttributes(before, after));
  const memo = changedMemo(before, after);
  if (Object.keys(memo).length > 0) upsertMemo(memo);
  describeState(after);
}

/** Records the state of a run that was started without what is its own. */
export function recordFirst(state: TaskState, createdAt: string): void {
  upsertSearchAttributes([
    { key: searchAttributes.status, value: state.status },
    { key: searchAttributes.version, value: state.version },
    { key: searchAttributes.scheduledAt, value: new Date(state.spec.scheduled_time) },
    { key: searchAttributes.createdAt, value: new Date(createdAt) },
    { key: searchAttributes.updatedAt, value: new Date(state.updatedAt) },
  ]);
  describeState(state);
}

/** Records whether an attempt is being withdrawn: while it is, no pending attempt does not mean that one has just ended. */
export function recordWithdrawing(withdrawing: boolean): void {
  upsertMemo({ withdrawing } satisfies Partial<TaskMemo>);
}

function changedAttributes(before: TaskState, after: TaskState): SearchAttributeUpdatePair[] {
  const pairs: SearchAttributeUpdatePair[] = [
    { key: searchAttributes.version, value: after.version },
    { key: searchAttributes.updatedAt, value: new Date(after.updatedAt) },
  ];
  if (after.status !== before.status) pairs.push({ key: searchAttributes.status, value: after.status });
  if (after.spec === before.spec) return pairs;
  const { name, tags, scheduled_time } = after.spec;
  if (name !== before.spec.name) pairs.push({ key: searchAttributes.name, value: searchableName(name) });
  if (tags !== before.spec.tags) pairs.push({ key: searchAttributes.tags, value: tags.map(searchableTag) });
  if (scheduled_time !== before.spec.scheduled_time) {
    pairs.push({ key: searchAttributes.scheduledAt, value: new Date(scheduled_time) });
  }
  return pairs;
}

/** Returns the memo's fields that must be written; none for a task that simply succeeds. */
function changedMemo(before: TaskState, after: TaskState): Partial<TaskMemo> {
  if (after.waitsFor !== before.waitsFor) return memoOfPredecessors(after.waitsFor);
  if (after.attempts !== before.attempts) return failureMemo(after);
  if (after.spec === before.spec) return nextAttemptMemo(before, after);
  return { ...listedOf(after.spec), edited: true };
}

/**
 * Returns the memo's next attempt if run-now has ended a backoff, or if the attempt after a backoff has
 * started, so that lists stop showing the wait.
 */
function nextAttemptMemo(before: TaskState, after: TaskState): Partial<TaskMemo> {
  const { nextAttemptAt } = after;
  const isRunNow = nextAttemptAt !== null && nextAttemptAt !== before.nextAttemptAt;
  if (isRunNow) return { next_attempt_at: new Date(nextAttemptAt).toISOString() };
  const hasRestarted = before.status === 'RUNNING' && after.attempt > before.attempt;
  return hasRestarted ? { next_attempt_at: null } : {};
}

function failureMemo({
  attempts,
  attempt,
  retryCount,
  started_at,
  nextAttemptAt,
}: TaskState): Partial<TaskMemo> {
  const message = attempts.at(-1)?.error?.message;
  return {
    attempt,
    retry_count: retryCount,
    next_attempt_at: nextAttemptAt === null ? null : new Date(nextAttemptAt).toISOString(),
    ...(started_at === null ? {} : { started_at }),
    ...(message === undefined ? {} : { error_message: truncateBytes(message, maxMemoErrorBytes) }),
  };
}

/** Describes the task's state in one sentence, at the top of its page in the Temporal Web UI. */
export function describeState(state: TaskState): void {
  setCurrentDetails(sentence(state));
}

function sentence(state: TaskState): string {
  const { status, spec, nextAttemptAt, retryCount, attempts, runNow } = state;
  switch (status) {
    case 'AFTER':
      return `**Waiting** for the end of ${state.waitsFor.join(', ')}.`;
    case 'SCHEDULED':
      return runNow
        ? '**Scheduled**: starting now, on request.'
        : `**Scheduled** for ${spec.scheduled_time}.`;
    case 'PAUSED':
      return `**Paused**, waiting to be resumed. Scheduled for ${spec.scheduled_time}.`;
    case 'PENDING':
      return '**Pending**: due, and waiting for a worker.';
    case 'RUNNING': {
      const error = attempts.at(-1)?.error;
      if (nextAttemptAt === null || !error) return '**Running**.';
      return `**Retry ${retryCount}** at ${new Date(nextAttemptAt).toISOString()}, after: ${escapeMarkup(error.message)}`;
    }
  }
}

/** Returns the failure that ends the workflow when there are no more attempts. */
export function taskFailure(state: TaskState, error: ErrorReport): ApplicationFailure {
  const details: TaskFailureDetails = {
    attempt: state.attempt,
    started_at: state.started_at,
    retry_count: state.retryCount,
    attempts: state.attempts,
  };
  return ApplicationFailure.nonRetryable(error.message, error.type, details);
}

/** Returns the failure of a task that can never run, because of how a predecessor ended. */
export function predecessorFailure(state: TaskState, { id, ended }: EndedPredecessor): ApplicationFailure {
  const message = `Task ${id}, which this task waits for, ${endings[ended]}`;
  upsertMemo({ error_message: message } satisfies Partial<TaskMemo>);
  return taskFailure(state, { type: 'PredecessorFailed', message });
}

const endings: Record<EndedPredecessor['ended'], string> = {
  COMPLETED: 'has completed',
  FAILED: 'has failed',
  CANCELLED: 'was cancelled',
  DELETED: 'was deleted',
};
