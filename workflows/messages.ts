import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import {
  attemptBegunSignalName,
  attemptOverSignalName,
  commandSignalName,
  predecessorOverSignalName,
  successorSignalName,
} from '../src/contract/names.ts';
import type { PredecessorOver } from '../src/contract/predecessors.ts';
import type {
  AttemptBegun,
  AttemptOver,
  Successor,
  TaskCommand,
  TaskEdit,
  TaskStatusReport,
} from '../src/contract/workflow.ts';

/** Pause, resume, run-now. A signal, so that it lands even while no worker is up. */
export const commandSignal = defineSignal<[TaskCommand]>(commandSignalName);

/** Sent by an attempt that has lived for a second: short ones spare their workflow the extra work. */
export const attemptBegunSignal = defineSignal<[AttemptBegun]>(attemptBegunSignalName);

/**
 * Sent for an attempt that was lost or handed back, by whoever knows of it first: the server repeats such an attempt
 * without a word to the workflow, and without a place for what the attempt has left behind.
 */
export const attemptOverSignal = defineSignal<[AttemptOver]>(attemptOverSignalName);

/** Sent by a task that follows this one: it wants to be told of the end. */
export const successorSignal = defineSignal<[Successor]>(successorSignalName);

/** Sent at the end of a task to those that follow it. */
export const predecessorOverSignal = defineSignal<[PredecessorOver]>(predecessorOverSignalName);

/** Changes a task that has not started. An update, so that it can be refused; answers with the new version. */
export const editUpdate = defineUpdate<number, [TaskEdit]>('edit');

/** The workflow's own view of the task. */
export const statusQuery = defineQuery<TaskStatusReport>('status');
