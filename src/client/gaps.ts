/**
 * What a feed of many tasks does not tell by itself of a time without connection: which were made then, and which
 * ended. (It begins with those that are under way; of all others, it tells their next change.)
 */
import { TaskbellError } from './errors.ts';
import type { Told } from './order.ts';
import { paged, pathWith } from './paths.ts';
import type { Send } from './transport.ts';
import type { Task, TaskFilter, TaskStatus, TaskSummary } from './types.ts';

const ends: readonly TaskStatus[] = ['COMPLETED', 'FAILED', 'CANCELLED'];

export interface Gap {
  /** Milliseconds since 1970, by the service's clock. */
  readonly since: number;
  readonly signal: AbortSignal | undefined;
}

/** The tasks of which there is news, as lists have them: without their results. */
export async function* newsSince(
  send: Send,
  filter: TaskFilter,
  told: Told,
  { since, signal }: Gap,
): AsyncGenerator<TaskSummary> {
  const { status, ...others } = filter;
  const after = Math.max(since, Date.parse(filter.created_after ?? '') || 0);
  const made = pathWith('/api/tasks/', {
    ...filter,
    created_after: new Date(after).toISOString(),
    limit: 100,
  });
  for await (const task of paged<TaskSummary>(send, made, signal)) if (told.isNews(task)) yield task;
  // The latest end first.
  const over = pathWith('/api/tasks/', { ...others, status: ends, limit: 100 });
  for await (const task of paged<TaskSummary>(send, over, signal)) {
    if (Date.parse(task.finished_at ?? '') < since) return;
    // One that does not fit any more is told of once, to those who have heard of it.
    const fits = status === undefined || status.includes(task.status);
    if ((fits || told.has(task.id)) && told.isNews(task)) yield task;
  }
}

/** A task as the feed would tell of it. @returns undefined where it is gone. */
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
