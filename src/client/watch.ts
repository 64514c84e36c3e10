/** Watches tasks: yields their states as they come, across lost connections and restarts of the service. */
import { compareVersions } from '../contract/status.ts';
import { feed, type FeedOptions, type FeedSource } from './feed.ts';
import { type Gap, lookUp, newsSince } from './gaps.ts';
import { SeenVersions } from './order.ts';
import { pathWith } from './paths.ts';
import type { FeedMessage, TaskFilter, TaskStatusView, TaskSummary } from './types.ts';

export interface WatchOptions extends FeedOptions {
  /** Stops once the task has ended. By default, the watch continues, since a retry may follow. */
  readonly until?: 'ended';
}

/** A change of one of many tasks. */
export type TaskEvent =
  | { readonly type: 'task'; readonly task: TaskSummary }
  | { readonly type: 'deleted'; readonly id: string };

export function watchMethods(source: Pick<FeedSource, 'send' | 'url' | 'WebSocket'>) {
  const { send } = source;
  return {
    /**
     * Yields the current state of the task, then each change, until it is deleted. A slow reader gets the latest
     * state, and every end. Leaving the loop closes the connection.
     * @throws TaskbellError not_found, forbidden, not_authenticated …, or the signal's reason.
     */
    async *watch(id: string, options: WatchOptions = {}): AsyncGenerator<TaskSummary, void> {
      const seen = new SeenVersions();
      let last: TaskSummary | undefined;
      const isUpToDate = async ({ signal }: Gap): Promise<boolean> => {
        const path = `/api/tasks/${encodeURIComponent(id)}/status/`;
        const { body } = await send<TaskStatusView>('GET', path, { signal });
        return last === undefined || (compareVersions(body, last) === 0 && body.status === last.status);
      };
      const path = `/ws/tasks/${encodeURIComponent(id)}/`;
      for await (const message of feed({ ...source, path, isUpToDate, checkCoversAll: true }, options)) {
        const task = taskIn(message, options);
        if (!task || !seen.take(task)) continue;
        last = task;
        yield task;
        if (options.until === 'ended' && task.finished_at !== null) return;
      }
    },

    /**
     * Yields the changes of all tasks that match, including new tasks, and the tasks that are already under way. After
     * a time without connection, also yields the tasks that were created or ended in it, but not those deleted.
     * @throws TaskbellError forbidden, not_authenticated …, or the signal's reason.
     */
    async *watchAll(filter: TaskFilter = {}, options: FeedOptions = {}): AsyncGenerator<TaskEvent, void> {
      const seen = new SeenVersions();
      const isUpToDate = async (gap: Gap): Promise<boolean> => {
        const { done } = await newsSince(send, filter, seen, gap).next();
        return done === true;
      };
      async function* missed(gap: Gap): AsyncGenerator<FeedMessage> {
        for await (const { id } of newsSince(send, filter, seen, gap)) {
          const task = await lookUp(send, id, gap.signal);
          if (task) yield { ...task, type: 'task', task_type: task.type };
        }
      }
      const path = pathWith('/ws/tasks/', filter);
      // Lists show neither edits nor deletions.
      for await (const message of feed(
        { ...source, path, isUpToDate, checkCoversAll: false, missed },
        options,
      )) {
        if (message.type === 'deleted') {
          seen.forget(message.id);
          yield message;
        }
        const task = taskIn(message, options);
        if (task && seen.take(task)) yield { type: 'task', task };
      }
    },
  };
}

function taskIn(message: FeedMessage, { onNotice }: FeedOptions): TaskSummary | undefined {
  if (message.type === 'notice') onNotice?.(message);
  if (message.type !== 'task') return undefined;
  // The message's own type has taken the place of the task's.
  const { task_type, ...task } = message;
  return { ...task, type: task_type };
}
