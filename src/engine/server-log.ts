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
import { isErrno } from './processes.ts';

const maxBytes = 10 * 1024 * 1024;
const checkEveryMs = 60_000;

/**
 * The log file of the embedded server. The server writes into it by itself, so that it neither loses lines nor dies
 * of a broken pipe when we do. Bounded: the file before is kept as `.1`. close() ends the watch over its size.
 */
export interface ServerLog {
  readonly path: string;
  /** For the server's stdout and stderr. */
  readonly descriptor: number;
  /** The last lines that were written since it was opened. */
  tail(lines: number): string[];
  close(): void;
}

export function openServerLog(path: string): ServerLog {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (sizeOf(path) > maxBytes) renameSync(path, `${path}.1`);
  const descriptor = openSync(path, 'a', 0o600);
  const begin = fstatSync(descriptor).size;
  // The server keeps its descriptor, hence copy and truncate; it appends, so it goes on at the new end.
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
