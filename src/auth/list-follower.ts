import type { ListFormat } from './list-file.ts';
import { createListView, type ListView } from './list-view.ts';

/** A {@link ListView} that looks at its file every second, until it is closed. */
export interface ListFollower<T> extends ListView<T> {
  /** Calls `listener` after each change. */
  onChange(listener: () => void): void;
  close(): void;
}

export interface FollowOptions {
  readonly path: string;
  /** A fault that leaves the last good view in force. */
  readonly onError: (error: unknown) => void;
  readonly refreshEveryMs?: number;
}

/** @throws {ListFileError} the file is corrupt. One that becomes corrupt later is reported. */
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
        // Not the file's fault, as which it would be told otherwise.
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
