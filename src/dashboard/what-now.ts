/** What a task is doing, and what can be done with it. */
import { endedStatuses } from '../contract/status.ts';
import type { TaskSummary } from '../contract/task.ts';
import type { ActionName } from '../client/index.ts';
import { duration, plural } from './format.ts';

type Facts = Pick<TaskSummary, 'status' | 'waiting' | 'scheduled_time' | 'after' | 'after_policy'>;

/** The status as it is shown: in the API, a paused task is SCHEDULED. */
export type ShownStatus = TaskSummary['status'] | 'PAUSED';

export function shownStatus({ status, waiting }: Pick<TaskSummary, 'status' | 'waiting'>): ShownStatus {
  return waiting?.reason === 'paused' ? 'PAUSED' : status;
}

export function hasEnded({ status }: Pick<TaskSummary, 'status'>): boolean {
  return endedStatuses.has(status);
}

/** Returns why an unfinished task is not running now; undefined while it runs and once it has ended. */
export function waitingText(
  { waiting, scheduled_time, after, after_policy }: Facts,
  now: number,
): string | undefined {
  if (!waiting) return undefined;
  const left = (until: string): string => duration(Date.parse(until) - now, { whole: true });
  const isPast = (until: string): boolean => Date.parse(until) <= now;
  switch (waiting.reason) {
    case 'time': {
      const until = waiting.until ?? scheduled_time;
      return isPast(until) ? 'About to start' : `Starts in ${left(until)}`;
    }
    case 'after':
      return `Waiting for ${plural(after.length, 'task')} to ${after_policy === 'any' ? 'end' : 'complete'}`;
    case 'paused':
      return 'Paused';
    case 'worker':
      return 'Waiting for a worker';
    case 'backoff': {
      if (waiting.until === undefined || isPast(waiting.until)) return 'The next attempt is about to start';
      return `Next attempt in ${left(waiting.until)}`;
    }
    case 'cancelling':
      return 'Being cancelled';
    case 'stuck':
      return "Stuck: the workflow code fails. See the workers' log";
    default:
      // A newer service may know more reasons.
      return `Waiting: ${String(waiting.reason)}`;
  }
}

/** Minimum lateness that counts as late, in milliseconds: timers are always some tenths of a second late. */
const latenessShownMs = 1000;

/**
 * Returns how far past its scheduled time a task is that is due and has not started, in milliseconds. undefined if it
 * is not late, or waits for predecessors, whatever its scheduled time.
 *
 * Uses only what lists know, so that a row and the task's page agree at every moment. Lists know neither when a first
 * attempt started, so that lateness ends with the start, nor whether a pause outlasted the scheduled time, so that
 * pauses count, as on the overview.
 */
export function lateness(task: TaskSummary, now: { readonly value: number }): number | undefined {
  return task.status === 'PENDING' ? pastItsTime(task, now.value) : undefined;
}

/** Returns how long after its scheduled time a task started, by the same rules. undefined if its start is not known. */
export function startDelay(task: TaskSummary): number | undefined {
  return task.started_at === null ? undefined : pastItsTime(task, Date.parse(task.started_at));
}

function pastItsTime({ after, scheduled_time }: TaskSummary, at: number): number | undefined {
  const late = at - Date.parse(scheduled_time);
  return after.length === 0 && late >= latenessShownMs ? late : undefined;
}

/** Returns the actions that the API should accept, as far as the page can know; the API decides. */
export function canDo(task: TaskSummary): ReadonlySet<ActionName | 'edit'> {
  const { status, waiting } = task;
  if (hasEnded(task)) return new Set<ActionName>(['retry', 'delete']);
  if (waiting?.reason === 'cancelling') return new Set();
  if (waiting?.reason === 'stuck') return new Set<ActionName>(['cancel', 'delete']);
  const can = new Set<ActionName | 'edit'>(['cancel']);
  if (status !== 'RUNNING') {
    for (const action of ['edit', 'delete'] as const) can.add(action);
    can.add(waiting?.reason === 'paused' ? 'resume' : 'pause');
  }
  if (status === 'SCHEDULED' || waiting?.reason === 'backoff') can.add('run-now');
  return can;
}

/** Returns the actions that a task in this status may allow, depending on what it waits for. */
export function mayDoIn(status: TaskSummary['status']): readonly ActionName[] {
  switch (status) {
    case 'SCHEDULED':
      return ['cancel', 'delete', 'pause', 'resume', 'run-now'];
    case 'PENDING':
      return ['cancel', 'delete', 'pause'];
    case 'RUNNING':
      return ['cancel', 'run-now'];
    case 'COMPLETED':
    case 'FAILED':
    case 'CANCELLED':
      return ['retry', 'delete'];
  }
}

export interface ActionWords {
  /** Text of the button. */
  readonly verb: string;
  /** Past participle, said of tasks after the action. */
  readonly done: string;
  /** What the action means, where the user should know before confirming it. */
  readonly warning?: string;
}

export const actionWords: Readonly<Record<ActionName, ActionWords>> = {
  cancel: { verb: 'Cancel', done: 'cancelled', warning: 'Running attempts are asked to stop.' },
  retry: { verb: 'Retry', done: 'retried', warning: 'Each task starts a new run at once.' },
  pause: { verb: 'Pause', done: 'paused', warning: 'Paused tasks do not run until they are resumed.' },
  resume: { verb: 'Resume', done: 'resumed' },
  'run-now': { verb: 'Run now', done: 'started' },
  delete: { verb: 'Delete', done: 'deleted', warning: 'This cannot be undone.' },
};
