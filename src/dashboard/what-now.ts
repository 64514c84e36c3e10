/** What a task is doing, and what can be done with it. */
import { endedStatuses, type TaskSummary } from '../contract/task.ts';
import type { ActionName } from '../client/index.ts';
import { duration, plural } from './format.ts';

type Facts = Pick<TaskSummary, 'status' | 'waiting' | 'scheduled_time' | 'after' | 'after_policy'>;

/** How it is called where it is shown: a paused task is SCHEDULED to the interface. */
export type ShownStatus = TaskSummary['status'] | 'PAUSED';

export function shownStatus({ status, waiting }: Pick<TaskSummary, 'status' | 'waiting'>): ShownStatus {
  return waiting?.reason === 'paused' ? 'PAUSED' : status;
}

export function hasEnded({ status }: Pick<TaskSummary, 'status'>): boolean {
  return endedStatuses.has(status);
}

/** Why an unfinished task is not running now; undefined while it runs and once it has ended. */
export function waitingText(
  { waiting, scheduled_time, after, after_policy }: Facts,
  now: number,
): string | undefined {
  if (!waiting) return undefined;
  const left = (until: string): string => duration(Date.parse(until) - now, { whole: true });
  const isOver = (until: string): boolean => Date.parse(until) <= now;
  switch (waiting.reason) {
    case 'time': {
      const until = waiting.until ?? scheduled_time;
      return isOver(until) ? 'About to start' : `Starts in ${left(until)}`;
    }
    case 'after':
      return `Waiting for ${plural(after.length, 'task')} to ${after_policy === 'any' ? 'end' : 'complete'}`;
    case 'paused':
      return 'Paused';
    case 'worker':
      return 'Waiting for a worker';
    case 'backoff': {
      if (waiting.until === undefined || isOver(waiting.until)) return 'The next attempt is about to begin';
      return `Next attempt in ${left(waiting.until)}`;
    }
    case 'cancelling':
      return 'Being cancelled';
    default:
      // A newer service may know more reasons.
      return `Waiting: ${String(waiting.reason)}`;
  }
}

/**
 * How long after its time a task began, in milliseconds; of one that has not begun, how late it is by now. undefined
 * where that is not known (lists do not know when a task began that succeeded at once), or is not its fault.
 */
export function lateness(task: TaskSummary, now: number): number | undefined {
  const due = Date.parse(task.scheduled_time);
  if (task.started_at !== null) return Math.max(0, Date.parse(task.started_at) - due);
  return task.status === 'PENDING' ? Math.max(0, now - due) : undefined;
}

/** What the interface would accept, as far as one can know; it decides. */
export function canDo(task: TaskSummary): ReadonlySet<ActionName | 'edit'> {
  const { status, waiting } = task;
  if (hasEnded(task)) return new Set<ActionName>(['retry', 'delete']);
  if (waiting?.reason === 'cancelling') return new Set();
  const can = new Set<ActionName | 'edit'>(['cancel']);
  if (status !== 'RUNNING') {
    for (const action of ['edit', 'delete'] as const) can.add(action);
    can.add(waiting?.reason === 'paused' ? 'resume' : 'pause');
  }
  if (status === 'SCHEDULED' || waiting?.reason === 'backoff') can.add('run-now');
  return can;
}

export interface ActionWords {
  /** On a button. */
  readonly verb: string;
  /** Of tasks that it has been done to. */
  readonly done: string;
  /** What it means, where one had better be told. */
  readonly warning?: string;
}

export const actionWords: Readonly<Record<ActionName, ActionWords>> = {
  cancel: { verb: 'Cancel', done: 'cancelled', warning: 'What runs is told to stop.' },
  retry: { verb: 'Retry', done: 'begun again', warning: 'Each begins a new run, at once.' },
  pause: { verb: 'Pause', done: 'paused', warning: 'It does not run until it is resumed.' },
  resume: { verb: 'Resume', done: 'resumed' },
  'run-now': { verb: 'Run now', done: 'made to run now' },
  delete: { verb: 'Delete', done: 'deleted', warning: 'This cannot be undone.' },
};
