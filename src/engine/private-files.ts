import { chmodSync } from 'node:fs';
import { isErrno } from '../lib/errno.ts';

/**
 * Starts a child process whose files no other user of the machine can read. A process inherits the mask with which it
 * is started, and Node.js has no option for it.
 */
export function withPrivateFiles<T>(start: () => T): T {
  const before = process.umask(0o077);
  try {
    return start();
  } finally {
    process.umask(before);
  }
}

/** Makes existing files private. Files that don't exist are skipped. */
export function makePrivate(paths: readonly string[]): void {
  for (const path of paths) {
    try {
      chmodSync(path, 0o600);
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error;
    }
  }
}
