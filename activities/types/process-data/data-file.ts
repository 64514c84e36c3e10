import { constants } from 'node:fs';
import { open, readlink, realpath, stat, type FileHandle } from 'node:fs/promises';
import { basename, isAbsolute, join, sep, win32 } from 'node:path';
import { TaskFailure, type TaskOwner } from '../define.ts';
import { errnoOf } from '../../../src/lib/errno.ts';

const sharedFolder = 'shared';
// Non-blocking, since opening a FIFO would wait for its writer; no links, since they are already resolved.
const openFlags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/** A file open for reading. The caller closes it. */
export interface DataFile {
  readonly handle: FileHandle;
  /** Real path, with all links resolved. */
  readonly path: string;
  readonly size: number;
  readonly modifiedAtMs: number;
}

/**
 * Opens a file that the owner may read. `sales.csv` is looked up in the owner's folder, then in the shared
 * one; `shared/sales.csv` only in the shared one. Throws a non-retryable TaskFailure of type `FileNotAllowed`
 * or `FileNotFound`.
 */
export async function openDataFile(dataDir: string, owner: TaskOwner, path: string): Promise<DataFile> {
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  const absolute = isAbsolute(path) || win32.isAbsolute(path);
  if (
    absolute ||
    segments.length === 0 ||
    segments.some((segment) => segment === '..' || /[\0\\]/.test(segment))
  ) {
    throw notAllowed(path, 'it must be a path inside your data folder');
  }
  const shared = join(dataDir, sharedFolder);
  const own = isFolderName(owner.name) ? join(dataDir, owner.name) : undefined;
  const roots = own === undefined ? [shared] : [own, shared];
  const inShared = join(shared, ...segments.slice(1));
  const candidates = segments[0] === sharedFolder ? [inShared] : roots.map((root) => join(root, ...segments));
  for (const candidate of candidates) {
    const real = await resolved(candidate);
    if (real === undefined) continue;
    return openInside(roots, real, path);
  }
  throw new TaskFailure('FileNotFound', `There is no data file "${path}"`, { retryable: false });
}

/** Returns whether an account's name can be the name of a folder; `..` or `a/b` cannot. */
function isFolderName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/.test(name);
}

async function openInside(roots: readonly string[], real: string, path: string): Promise<DataFile> {
  const realRoots = await Promise.all(roots.map(resolved));
  if (!realRoots.some((root) => root !== undefined && real.startsWith(root + sep))) {
    throw notAllowed(path, 'it leads out of your data folder');
  }
  const handle = await openOrReject(real, path);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw notAllowed(path, 'it is not a regular file');
    // A hard link can give a file outside the folder a name inside it, and nothing shows where the other name is.
    if (stats.nlink > 1) throw notAllowed(path, 'it has another name (a hard link); copy it instead');
    await rejectSwapped(handle, real, path);
    return { handle, path: real, size: stats.size, modifiedAtMs: stats.mtimeMs };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openOrReject(real: string, path: string): Promise<FileHandle> {
  try {
    return await open(real, openFlags);
  } catch (error) {
    const code = errnoOf(error);
    // A socket, a missing permission, or a link created since. Anything else, such as too many open files,
    // may be temporary.
    if (code === 'ENXIO' || code === 'EACCES' || code === 'EPERM' || code === 'ELOOP') {
      throw notAllowed(path, `it cannot be read (${code})`, error);
    }
    throw error;
  }
}

/**
 * Rejects a file that is not the one checked: a link may have been put into the path before it was opened.
 */
async function rejectSwapped(handle: FileHandle, real: string, path: string): Promise<void> {
  if ((await pathOf(handle, real)) !== real) throw notAllowed(path, 'it changed while it was opened');
}

/**
 * Returns an open file's path: on Linux from the kernel, elsewhere by resolving its name again. Undefined if
 * the name no longer leads to that file.
 */
async function pathOf(handle: FileHandle, real: string): Promise<string | undefined> {
  if (process.platform === 'linux') return readlink(`/proc/self/fd/${handle.fd}`);
  const opened = await handle.stat({ bigint: true });
  const there = await stat(real, { bigint: true });
  return there.ino === opened.ino && there.dev === opened.dev ? resolved(real) : undefined;
}

/** Returns the path with all links resolved; undefined if it doesn't exist. */
async function resolved(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined;
    if (code === 'ELOOP' || code === 'EACCES')
      throw notAllowed(basename(path), `it cannot be reached (${code})`, error);
    throw error;
  }
}

function notAllowed(path: string, why: string, cause?: unknown): TaskFailure {
  return new TaskFailure('FileNotAllowed', `The file "${path}" is not allowed: ${why}`, {
    retryable: false,
    cause,
  });
}
