/** Watching tasks: their states as they come, over lost connections and restarts of the service. */
import { feed, type FeedOptions, type FeedSource } from './feed.ts';
import { pathWith } from './paths.ts';
import type { FeedMessage, TaskFilter, TaskStatusView, TaskSummary } from './types.ts';

export interface WatchOptions extends FeedOptions {
  /** To leave once the task has ended; otherwise it goes on, since a retry may follow. */
  readonly until?: 'ended';
}

/** What has become of one of many tasks. */
export type TaskEvent =
  | { readonly type: 'task'; readonly task: TaskSummary }
  | { readonly type: 'deleted'; readonly id: string };

export function watchMethods(source: Pick<FeedSource, 'send' | 'url' | 'WebSocket'>) {
  const { send } = source;
  return {
    /**
     * The task as it is, then each change, until it is deleted. Whoever takes them slowly finds the latest, and every
     * end. Leaving the loop closes the connection.
     * @throws TaskbellError not_found, forbidden, not_authenticated …; the signal's reason.
     */
    async *watch(id: string, options: WatchOptions = {}): AsyncGenerator<TaskSummary, void> {
      let last: TaskSummary | undefined;
      const isUpToDate = async (): Promise<boolean> => {
        const { body } = await send<TaskStatusView>('GET', `/api/tasks/${encodeURIComponent(id)}/status/`);
        return last === undefined || (body.version === last.version && body.status === last.status);
      };
      const path = `/ws/tasks/${encodeURIComponent(id)}/`;
      for await (const message of feed({ ...source, path, isUpToDate }, options)) {
        const task = taskIn(message, options);
        if (!task || !isNews(last, task)) continue;
        last = task;
        yield task;
        if (options.until === 'ended' && task.finished_at !== null) return;
      }
    },

    /**
     * The changes of all tasks that match, those to come included; with those that are under way already. Changes while the
     * connection is lost (see `onNotice`) are not made up for: list the tasks once more when it is back, if each counts.
     */
    async *watchAll(filter: TaskFilter = {}, options: FeedOptions = {}): AsyncGenerator<TaskEvent, void> {
      const isUpToDate = async (): Promise<boolean> => {
        await send('GET', pathWith('/api/tasks/', { ...filter, limit: 1 }));
        // Nobody can tell whether something was told of all of them.
        return false;
      };
      const path = pathWith('/ws/tasks/', filter);
      for await (const message of feed({ ...source, path, isUpToDate }, options)) {
        if (message.type === 'deleted') yield message;
        const task = taskIn(message, options);
        if (task) yield { type: 'task', task };
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

/** A new connection begins with the state of things: it may be known, or even older than what another one has told. */
function isNews(last: TaskSummary | undefined, next: TaskSummary): boolean {
  if (!last) return true;
  return next.version >= last.version && JSON.stringify(next) !== JSON.stringify(last);
}
