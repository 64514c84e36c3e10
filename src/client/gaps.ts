/**
 * Finds what a feed of many tasks does not report after a gap: the tasks that were created or ended during
 * it. (A feed starts with the tasks that are under way, and reports all others at their next change.)
 */
import { ends } from '../contract/status.ts';
import { TaskbellError } from './errors.ts';
import type { SeenVersions } from './order.ts';
import { paged, pathWith } from './paths.ts';
import type { Send } from './send.ts';
import type { Task, TaskFilter, TaskSummary } from './types.ts';

export interface Gap {
  /** Start of the gap, in milliseconds since the epoch, by the service's clock. */
  readonly since: number;
  readonly signal: AbortSignal | undefined;
}

/** Yields the tasks that have news, as lists show them: without their results. */
export async function* newsSince(
  send: Send,
  filter: TaskFilter,
  seen: SeenVersions,
  { since, signal }: Gap,
): AsyncGenerator<TaskSummary> {
  const { status, ...others } = filter;
  const after = Math.max(since, Date.parse(filter.created_after ?? '') || 0);
  const createdPath = pathWith('/api/tasks/', {
    ...filter,
    created_after: new Date(after).toISOString(),
    limit: 100,
  });
  for await (const task of paged<TaskSummary>(send, createdPath, signal)) if (seen.isNews(task)) yield task;
  // Sorted by end, latest first.
  const endedPath = pathWith('/api/tasks/', { ...others, status: ends, limit: 100 });
  for await (const task of paged<TaskSummary>(send, endedPath, signal)) {
    if (Date.parse(task.finished_at ?? '') < since) return;
    // A task that no longer matches is reported once, if it was reported before.
    const fits = status === undefined || status.includes(task.status);
    if ((fits || seen.has(task.id)) && seen.isNews(task)) yield task;
  }
}

/** Returns a task as the feed would report it, or undefined if it no longer exists. */
export async function lookUp(
  send: Send,
  id: string,
  signal: AbortSignal | undefined,
): Promise<TaskSummary | undefined> {
  try {
    const { body } = await send<Task>('GET', `/api/tasks/${id}/`, { signal });
    const { payload: _payload, attempts: _attempts, ...summary } = body;
    return summary;
  } catch (error) {
    if (error instanceof TaskbellError && error.status === 404) return undefined;
    throw error;
  }
}
