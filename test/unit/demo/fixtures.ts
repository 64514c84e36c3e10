import type { TaskSummary } from '../../../src/contract/task.ts';
import { aTask as anyTask } from '../../support/task.ts';

export const now = Date.parse('2030-01-01T00:00:00.000Z');

/** Returns a task that is due in an hour. */
export function aTask(changes: Partial<TaskSummary> = {}): TaskSummary {
  const dueAt = new Date(now + 3_600_000).toISOString();
  const id = '3f0c1d57-6f0e-4f3b-9f0d-1f6f5a1d2c3b';
  return anyTask({
    id,
    name: 'A task',
    type: 'process-data',
    waiting: { reason: 'time', until: dueAt },
    scheduled_time: dueAt,
    soft_time_limit: 1500,
    time_limit: 1800,
    owner: 'alice',
    links: { self: `/api/tasks/${id}/`, events: `/api/tasks/${id}/events/` },
    ...changes,
  });
}
