/**
 * Texts of a row. Lists know less about a task than the feed and the task's own page do, above all not when a task
 * started that has not failed. So a row shows only what it also shows after a reload.
 */
import type { TaskSummary } from '../../client/index.ts';
import { duration, plural } from '../format.ts';
import { hasEnded } from '../what-now.ts';

/** Returns what an unfinished task does or waits for, or why an ended one has failed. */
export function nowText(task: TaskSummary, now: { readonly value: number }): string {
  if (task.waiting) return waitsText(task, task.waiting, now);
  if (hasEnded(task)) return task.error_message ?? '';
  return task.status === 'RUNNING' ? 'running' : '';
}

/** Returns in a few words what a task is waiting for; the task's page shows more. */
function waitsText(
  task: TaskSummary,
  { reason, until }: NonNullable<TaskSummary['waiting']>,
  now: { readonly value: number },
): string {
  switch (reason) {
    // The columns of the scheduled time and of the status show these.
    case 'time':
    case 'paused':
      return '';
    case 'after':
      return `waiting for ${plural(task.after.length, 'other task')}`;
    case 'worker':
      return 'waiting for a worker';
    case 'cancelling':
      return 'being cancelled';
    case 'stuck':
      return 'stuck';
    case 'backoff': {
      const left = until === undefined ? 0 : Date.parse(until) - now.value;
      const next = left > 0 ? `retry in ${duration(left, { whole: true })}` : 'about to retry';
      return task.error_message === null ? next : `${next} · ${task.error_message}`;
    }
  }
}
