import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import {
  attemptStartedSignalName,
  attemptInterruptedSignalName,
  commandSignalName,
  predecessorEndedSignalName,
  dependentSignalName,
  wakeSignalName,
} from '../src/contract/names.ts';
import type { EndedPredecessor } from '../src/contract/predecessors.ts';
import type {
  AttemptStart,
  AttemptInterruption,
  Dependent,
  TaskCommand,
  TaskEdit,
  TaskStatusReport,
} from '../src/contract/workflow.ts';

/** Pauses or resumes a task, or runs it now. A signal, so that it is accepted even while no worker is up. */
export const commandSignal = defineSignal<[TaskCommand]>(commandSignalName);

/** Wakes a hibernating task, which then waits in its own timer. */
export const wakeSignal = defineSignal(wakeSignalName);

/** Sent by an attempt once it has run for a second. Shorter attempts spare their workflow the extra work. */
export const attemptStartedSignal = defineSignal<[AttemptStart]>(attemptStartedSignalName);

/**
 * Reports an attempt that was lost or handed back. Sent by the first later try that knows of it: the server
 * retries the activity without notifying the workflow, and has no place for what the attempt left behind.
 */
export const attemptInterruptedSignal = defineSignal<[AttemptInterruption]>(attemptInterruptedSignalName);

/** Sent by a dependent of this task, which asks to be notified of its end. */
export const dependentSignal = defineSignal<[Dependent]>(dependentSignalName);

/** Sent to a task's dependents when it ends. */
export const predecessorEndedSignal = defineSignal<[EndedPredecessor]>(predecessorEndedSignalName);

/** Edits a task that has not started. An update, so that it can be rejected; returns the new version. */
export const editUpdate = defineUpdate<number, [TaskEdit]>('edit');

/** The workflow's own view of the task. */
export const statusQuery = defineQuery<TaskStatusReport>('status');
