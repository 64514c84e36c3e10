import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** The workflow type of every task; a workflow id that belongs to another type is not a task. */
export const taskWorkflowType = 'task';

/** The search attributes of the `task` workflow: the columns of the task list, and what the feed follows. */
export const searchAttributes = {
  owner: defineSearchAttributeKey('TaskOwner', SearchAttributeType.KEYWORD),
  /** A {@link StoredStatus}; what readers see is derived from it (src/tasks/snapshot.ts). */
  status: defineSearchAttributeKey('TaskStatus', SearchAttributeType.KEYWORD),
  type: defineSearchAttributeKey('TaskType', SearchAttributeType.KEYWORD),
  /** In the form of src/contract/searchable.ts, as are the tags. */
  name: defineSearchAttributeKey('TaskName', SearchAttributeType.KEYWORD),
  /** On a run that a retry started: the status of the run that it replaced, and when that ended. */
  supersedes: defineSearchAttributeKey('TaskSupersedes', SearchAttributeType.KEYWORD),
  tags: defineSearchAttributeKey('TaskTags', SearchAttributeType.KEYWORD_LIST),
  scheduledAt: defineSearchAttributeKey('TaskScheduledAt', SearchAttributeType.DATETIME),
  updatedAt: defineSearchAttributeKey('TaskUpdatedAt', SearchAttributeType.DATETIME),
  createdAt: defineSearchAttributeKey('TaskCreatedAt', SearchAttributeType.DATETIME),
  version: defineSearchAttributeKey('TaskVersion', SearchAttributeType.INT),
} as const;

/** What an open run's `TaskStatus` may hold; AFTER: it waits for other tasks. Ended runs take their status from Temporal's execution status. */
export const storedStatuses = ['SCHEDULED', 'AFTER', 'PAUSED', 'PENDING', 'RUNNING'] as const;
export type StoredStatus = (typeof storedStatuses)[number];

/** The signal of pause, resume and run-now; also read from the history, as are the others. */
export const commandSignalName = 'command';

/** The signal by which an attempt says that it runs. */
export const attemptBegunSignalName = 'attempt-begun';

/** The signal by which a workflow hears of an attempt that was lost or handed back. */
export const attemptOverSignalName = 'attempt-over';

/** The signal by which a task asks another to be told of its end. */
export const successorSignalName = 'successor';

/** The signal by which a task hears of the end of one that it follows. */
export const predecessorOverSignalName = 'predecessor-over';
