import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** The workflow type of every task; a workflow id that belongs to another type is not a task. */
export const taskWorkflowType = 'task';

/** The workflow type of what remembers the Idempotency-Key of a deleted task (src/tasks/deleted-keys.ts). */
export const deletedTaskWorkflowType = 'deleted-task';
/**
 * The workflow type of what a signal starts that should have woken a hibernating task, but found it deleted. No worker
 * runs it (src/temporal/temporal.ts).
 */
export const missedTaskWorkflowType = 'missed-task';
/** The workflow type of a notice of deletions, which is for the feeds of other API processes (src/tasks/deletions.ts). */
export const deletionsWorkflowType = 'task-deletions';

/** The local activity that runs an attempt on the quick lane. Its marker in the event history has this name. */
export const quickAttemptActivity = 'quickAttempt';

/** Returns the identity under which a worker takes attempts in its guest slot. */
export function guestIdentityOf(identity: string): string {
  return `${identity}${guestMark}`;
}

/** Returns whether an identity is that of a guest slot. */
export function isGuestIdentity(identity: string): boolean {
  return identity.endsWith(guestMark);
}

/** Returns the identity of the worker, without the mark of its guest slot. */
export function workerOf(identity: string): string {
  return isGuestIdentity(identity) ? identity.slice(0, -guestMark.length) : identity;
}

const guestMark = ' (guest)';

/** Search attributes of the `task` workflow: the columns of the task list, which the feed reads as well. */
export const searchAttributes = {
  owner: defineSearchAttributeKey('TaskOwner', SearchAttributeType.KEYWORD),
  /** A {@link StoredStatus}. The status that clients see is derived from it (src/tasks/summary.ts). */
  status: defineSearchAttributeKey('TaskStatus', SearchAttributeType.KEYWORD),
  type: defineSearchAttributeKey('TaskType', SearchAttributeType.KEYWORD),
  /** The searchable form of the name (src/contract/searchable.ts). Tags are stored in theirs, too. */
  name: defineSearchAttributeKey('TaskName', SearchAttributeType.KEYWORD),
  /** Set on a run that a retry started: the status of the run that it replaced, and when that run ended. */
  supersedes: defineSearchAttributeKey('TaskSupersedes', SearchAttributeType.KEYWORD),
  tags: defineSearchAttributeKey('TaskTags', SearchAttributeType.KEYWORD_LIST),
  scheduledAt: defineSearchAttributeKey('TaskScheduledAt', SearchAttributeType.DATETIME),
  updatedAt: defineSearchAttributeKey('TaskUpdatedAt', SearchAttributeType.DATETIME),
  createdAt: defineSearchAttributeKey('TaskCreatedAt', SearchAttributeType.DATETIME),
  version: defineSearchAttributeKey('TaskVersion', SearchAttributeType.INT),
} as const;

/** Temporal's own search attribute with the id of the schedule that has started a run. A retry of the run keeps it. */
export const scheduledBy = defineSearchAttributeKey('TemporalScheduledById', SearchAttributeType.KEYWORD);

/**
 * Values of an open run's `TaskStatus`. AFTER: the task waits for other tasks. The status of an ended run comes from
 * Temporal's execution status.
 */
export const storedStatuses = ['SCHEDULED', 'AFTER', 'PAUSED', 'PENDING', 'RUNNING'] as const;
export type StoredStatus = (typeof storedStatuses)[number];

/** Signal for pause, resume and run-now. Like the other signals, it is also read from the event history. */
export const commandSignalName = 'command';

/** Signal that only wakes a hibernating task (src/tasks/start.ts). */
export const wakeSignalName = 'wake';

/** Signal by which an attempt reports that it is running. */
export const attemptStartedSignalName = 'attempt-begun';

/** Signal that reports a lost or handed-back attempt to its workflow. */
export const attemptInterruptedSignalName = 'attempt-over';

/** Signal by which a dependent asks a predecessor to report its end. */
export const dependentSignalName = 'successor';

/** Signal that reports the end of a predecessor to a dependent. */
export const predecessorEndedSignalName = 'predecessor-over';
