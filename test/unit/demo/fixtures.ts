import type { TaskSummary } from '../../../src/contract/task.ts';

export const now = Date.parse('2030-01-01T00:00:00.000Z');

/** A task that is due in an hour. */
export function aTask(changes: Partial<TaskSummary> = {}): TaskSummary {
  const at = new Date(now).toISOString();
  const dueAt = new Date(now + 3_600_000).toISOString();
  return {
    id: '3f0c1d57-6f0e-4f3b-9f0d-1f6f5a1d2c3b',
    name: 'A task',
    description: '',
    type: 'process-data',
    status: 'SCHEDULED',
    waiting: { reason: 'time', until: dueAt },
    progress: null,
    scheduled_time: dueAt,
    tags: [],
    priority: 3,
    retry: { max_retries: 3, initial_interval: 60, backoff_coefficient: 2, maximum_interval: 3600 },
    soft_time_limit: 1500,
    time_limit: 1800,
    attempt: 0,
    retry_count: 0,
    max_retries: 3,
    result: null,
    error_message: null,
    created_at: at,
    updated_at: at,
    started_at: null,
    finished_at: null,
    version: 1,
    owner: 'somebody',
    links: { self: '/api/tasks/3f0c1d57-6f0e-4f3b-9f0d-1f6f5a1d2c3b/' },
    ...changes,
  };
}
