import type { ListFormat } from './list-file.ts';
import { createListView, type ListView } from './list-view.ts';

/** A {@link ListView} that checks its file every second, until it is closed. */
export interface ListFollower<T> extends ListView<T> {
  /** Calls `listener` after each change. */
  onChange(listener: () => void): void;
  close(): void;
}

export interface FollowOptions {
  readonly path: string;
  /** Called on a fault in the file. The last good view stays in use. */
  readonly onError: (error: unknown) => void;
  readonly refreshEveryMs?: number;
}

/** @throws {ListFileError} if the file is corrupt. If it becomes corrupt later, `onError` is called. */
export async function followList<T, F>(
  format: ListFormat<T, F>,
  { path, onError, refreshEveryMs = 1_000 }: FollowOptions,
): Promise<ListFollower<T>> {
  const listeners = new Set<() => void>();
  const onChange = (): void => {
    for (const listener of listeners) {
      try {
        listener();
      } catch (error) {
        // Reported here, since the view would report it as a fault of the file.
        onError(error);
      }
    }
  };
  const view = await createListView({ path, format, onError, onChange });
  const timer = setInterval(() => void view.refresh(), refreshEveryMs).unref();
  return {
    ...view,
    onChange: (listener) => void listeners.add(listener),
    close() {
      clearInterval(timer);
      listeners.clear();
    },
  };
}
