import { mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isErrno } from '../lib/errno.ts';
import type { ReportProgress } from '../lib/progress.ts';

export interface ObtainOptions {
  /** Path of the executable to install. */
  readonly target: string;
  readonly report: ReportProgress;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

const abandonedAfterMs = 3_600_000;

/**
 * Lets `make` create an executable in its own folder beside the target, then renames it to the target: other
 * processes see a complete executable or none, however many do this at the same time or die while doing it.
 */
export async function installAtomically(
  target: string,
  make: (folder: string) => Promise<string>,
): Promise<void> {
  const parent = dirname(target);
  const prefix = `.${basename(target)}-`;
  await removeAbandoned(parent, prefix);
  const folder = await mkdtemp(join(parent, prefix));
  try {
    await rename(await make(folder), target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes folders that killed processes have left behind. */
async function removeAbandoned(parent: string, prefix: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(parent, name);
    const modifiedAt = await modifiedAtOf(path);
    if (Date.now() - modifiedAt > abandonedAfterMs) await rm(path, { recursive: true, force: true });
  }
}

/**
 * Returns when a folder was last modified, or the current time if another process has just removed it: then
 * nothing is left to remove.
 */
async function modifiedAtOf(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return Date.now();
    throw error;
  }
}
