import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { type LockTimes, withFileLock } from './file-lock.ts';
import { isErrno } from './errno.ts';
import { errorMessage } from './error-message.ts';

/** A JSON file that holds one list, which all processes of an installation read and some change. */
export interface ListFormat<T, F = unknown> {
  readonly schema: z.ZodType<F>;
  readonly listOf: (file: F) => readonly T[];
  readonly fileOf: (list: readonly T[]) => F;
}

/** The file cannot be read, or has the wrong format. It is left unchanged. `message` is one line with its path. */
export class ListFileError extends Error {
  override readonly name = 'ListFileError';
}

/**
 * Returns the list in the file; empty if there is no file.
 * @throws {ListFileError}
 */
export async function readListFile<T, F>(path: string, format: ListFormat<T, F>): Promise<readonly T[]> {
  try {
    // Opening a named pipe would take one of Node's few threads for good.
    if (!(await stat(path)).isFile()) throw new ListFileError(`${path} is no file`);
    return parseListFile(path, await readFile(path, 'utf8'), format);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw asListFileError(path, error);
  }
}

/**
 * Parses the content of a list file. `path` is only for the error message.
 * @throws {ListFileError}
 */
export function parseListFile<T, F>(path: string, text: string, format: ListFormat<T, F>): readonly T[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // JSON.parse quotes the text it failed at, which may be a password hash or a secret: logs show causes, too.
    throw new ListFileError(`${path} is corrupt: not JSON`);
  }
  const parsed = format.schema.safeParse(json);
  if (parsed.success) return format.listOf(parsed.data);
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
  throw new ListFileError(`${path} is corrupt: ${faults.slice(0, 3).join('; ')}`);
}

/** @returns `error` itself if it is one already. */
export function asListFileError(path: string, error: unknown): ListFileError {
  if (error instanceof ListFileError) return error;
  const reason = errorMessage(error);
  return new ListFileError(`${path} cannot be read: ${reason}`, { cause: error });
}

/**
 * Changes the file atomically, under a lock that all processes respect: readers see the old file or the new one.
 * `change` gets the current list and returns the new one, or the same array if nothing changed.
 * @throws {ListFileError} if the file is corrupt: then nothing is written. Also throws what `change` throws.
 */
export async function updateListFile<T, F>(
  path: string,
  format: ListFormat<T, F>,
  change: (list: readonly T[]) => readonly T[],
  lockTimes: Partial<LockTimes> = {},
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await withFileLock(
    `${path}.lock`,
    async (lock) => {
      const before = await readListFile(path, format);
      const after = change(before);
      if (after === before) return;
      const text = JSON.stringify(format.schema.parse(format.fileOf(after)), null, 2);
      await replaceFile(path, `${text}\n`, () => lock.assertHeld());
    },
    lockTimes,
  );
}

/**
 * Replaces a file by renaming a temporary one. Its name is fixed, so that crashes leave at most one; the lock
 * keeps others from using it.
 */
async function replaceFile(path: string, text: string, beforeRename: () => Promise<void>): Promise<void> {
  const draft = `${path}.tmp`;
  await rm(draft, { force: true });
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(text);
    // `sudo taskbell users add` must not leave a file that the service's own user cannot read.
    const folder = await stat(dirname(path));
    if (process.getuid?.() === 0 && folder.uid !== 0) await file.chown(folder.uid, folder.gid);
    await file.sync();
  } finally {
    await file.close();
  }
  await beforeRename();
  await rename(draft, path);
  await syncFolder(dirname(path));
}

/**
 * Syncs a folder: a rename survives a power cut only if its folder is written too. Windows cannot open
 * folders.
 */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Returns whether no value occurs twice. Used by the schemas of list files. */
export function areDistinct(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}
