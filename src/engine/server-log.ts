import {
  closeSync,
  copyFileSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { isErrno } from '../lib/errno.ts';

const maxBytes = 10 * 1024 * 1024;
const checkEveryMs = 60_000;

/**
 * The log file of the embedded server. The server writes to it directly, so that it neither loses lines nor dies of a
 * broken pipe when we die. Its size is bounded: the previous file is kept as `.1`. close() stops watching the size.
 */
export interface ServerLog {
  readonly path: string;
  /** File descriptor for the server's stdout and stderr. */
  readonly descriptor: number;
  /** Returns the last lines written since the log was opened. */
  tail(lines: number): string[];
  close(): void;
}

export function openServerLog(path: string): ServerLog {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (sizeOf(path) > maxBytes) renameSync(path, `${path}.1`);
  const descriptor = openSync(path, 'a', 0o600);
  const begin = fstatSync(descriptor).size;
  // Copies and truncates, since the server keeps its descriptor. It appends, so it continues at the new end.
  const watch = setInterval(() => {
    if (fstatSync(descriptor).size <= maxBytes) return;
    copyFileSync(path, `${path}.1`);
    ftruncateSync(descriptor);
  }, checkEveryMs);
  watch.unref();
  return {
    path,
    descriptor,
    tail: (lines) => readTail(path, begin, lines),
    close() {
      clearInterval(watch);
      closeSync(descriptor);
    },
  };
}

function readTail(path: string, begin: number, lines: number): string[] {
  const content = readFileSync(path);
  const text = content.subarray(Math.min(begin, content.length)).toString('utf8').trim();
  return text === '' ? [] : text.split('\n').slice(-lines);
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 0;
    throw error;
  }
}
