import type { TaskSpec } from './workflow.ts';

/** Returns only the editable part of a task. */
export function specOf(from: TaskSpec): TaskSpec {
  const { name, description, scheduled_time, payload, tags, priority, retry } = from;
  const { soft_time_limit, time_limit } = from;
  return { name, description, scheduled_time, payload, tags, priority, retry, soft_time_limit, time_limit };
}
