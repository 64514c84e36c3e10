import { statSync } from 'node:fs';
import { join } from 'node:path';
import { databaseFile } from './database.ts';
import { SetupError } from '../lib/setup-error.ts';
import { isErrno } from '../lib/errno.ts';

/**
 * Interval between two checks, in milliseconds. A check takes some hundredths of one. The system's notifications would
 * be faster, but come at each write of the server too, which cost more than a millisecond for each new task.
 */
const checkEveryMs = 200;

/** Watching → closed, by close() or after the loss. */
export interface DatabaseWatch {
  close(): void;
}

/**
 * Calls back once when a file of the running server's database is deleted or replaced. The server would keep writing to
 * the deleted file, and acknowledge tasks that the next start doesn't find.
 */
export function watchDatabase(home: string, onLost: (error: SetupError) => void): DatabaseWatch {
  // Without its log of changes, the data file is as useless: it lacks all recent changes.
  const files = [databaseFile, `${databaseFile}-wal`].map((name) => join(home, name));
  const before = files.map((file) => identityOf(file));
  const timer = setInterval(check, checkEveryMs).unref();
  const close = (): void => clearInterval(timer);
  function check(): void {
    const lost = files.find((file, i) => identityOf(file, before[i]) !== before[i]);
    if (lost === undefined) return;
    close();
    onLost(
      new SetupError(
        `${lost} was deleted or replaced while the service was running. The Temporal server was stopped, since it would ` +
          'lose every new task. Put the file back, or restore a backup, and start again.',
      ),
    );
  }
  return { close };
}

/**
 * Returns what identifies a file; undefined if it doesn't exist.
 * @param before what to return if the file cannot be looked at.
 */
function identityOf(path: string, before?: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return undefined;
    // It is there, but cannot be looked at, as on a network share that is away for a while.
    return before;
  }
}
