/**
 * Counts for the metrics of the worker that runs a workflow. They are no commands: they leave the history as it is, and
 * are not made on replay. If a workflow task is repeated, so are they.
 */
import { proxySinks, type Sinks } from '@temporalio/workflow';
import type { EndedStatus } from '../src/contract/status.ts';

export interface TaskSinks extends Sinks {
  measures: {
    taskEnded(type: string, status: EndedStatus): void;
    /** Counts a failed attempt that could be retried: by what follows it. */
    attemptFailed(type: string, next: 'retry' | 'exhausted'): void;
  };
}

export const { measures } = proxySinks<TaskSinks>();
