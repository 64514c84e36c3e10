import type { LockTimes } from './file-lock.ts';
import { type ListFormat, updateListFile } from './list-file.ts';

type Change<T> = (list: readonly T[]) => readonly T[];

/** Changes a list file on behalf of one process. */
export interface ListWriter<T> {
  /**
   * Changes the file as {@link updateListFile} does. Changes that are requested while the process waits for the lock
   * are written together, so that many of them wait no longer than one. `change` must not throw.
   * @throws {ListFileError}, {FileLockTimeout}
   */
  update(change: Change<T>): Promise<void>;
}

export function createListWriter<T, F>(
  path: string,
  format: ListFormat<T, F>,
  lockTimes?: Partial<LockTimes>,
): ListWriter<T> {
  /** The changes that wait for the lock. */
  let waiting: { readonly changes: Change<T>[]; readonly written: Promise<void> } | undefined;
  let tail: Promise<unknown> = Promise.resolve();

  async function write(changes: readonly Change<T>[]): Promise<void> {
    try {
      const change: Change<T> = (list) => {
        waiting = undefined;
        return changes.reduce((changed, each) => each(changed), list);
      };
      await updateListFile(path, format, change, lockTimes);
    } finally {
      // Not reached above if the lock was not free in time, or the file cannot be read.
      if (waiting?.changes === changes) waiting = undefined;
    }
  }

  return {
    update(change) {
      if (waiting) {
        waiting.changes.push(change);
        return waiting.written;
      }
      const changes = [change];
      const written = tail.then(() => write(changes));
      // Its error is that of its callers; the next changes are tried all the same.
      tail = written.catch(() => undefined);
      waiting = { changes, written };
      return written;
    },
  };
}
