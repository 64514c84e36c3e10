import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { withFileLock } from '../lib/file-lock.ts';
import { SetupError } from '../lib/setup-error.ts';
import { isErrno } from '../lib/errno.ts';
import { isAlive, recordProcess, type ProcessRecord } from '../lib/process-identity.ts';

const recordSchema = z.object({
  pid: z.number(),
  startedAt: z.string().optional(),
  /** Address of the API, once it serves. */
  url: z.string().optional(),
});

export interface HomeLock {
  /** Records where the API serves, for commands that need its address. */
  announce(url: string): Promise<void>;
  release(): Promise<void>;
}

/**
 * Makes sure that only one `taskbell up` at a time uses HOME: records this process in HOME/up.lock unless the
 * process recorded there is alive. The guard is held only while doing so, so that one of several simultaneous
 * callers wins.
 * @throws {SetupError} when another one is running.
 */
export async function lockHome(home: string): Promise<HomeLock> {
  const path = join(home, 'up.lock');
  await withFileLock(`${path}.guard`, async (guard) => {
    const holder = await readHolder(path);
    if (holder !== undefined && isAlive(holder)) {
      throw new SetupError(`Taskbell is already running here (pid ${holder.pid}, ${path}).`);
    }
    await writeRecord(path, {}, () => guard.assertHeld());
  });
  return {
    announce: (url) => writeRecord(path, { url }),
    release: () => rm(path, { force: true }),
  };
}

/** Returns the address of the API that `taskbell up` runs with HOME; undefined if none is running there. */
export async function runningAt(home: string): Promise<string | undefined> {
  const holder = await readHolder(join(home, 'up.lock'));
  return holder !== undefined && isAlive(holder) ? holder.url : undefined;
}

async function writeRecord(
  path: string,
  more: { readonly url?: string },
  beforeRename?: () => Promise<void>,
): Promise<void> {
  const record = { ...recordProcess(process.pid), ...more };
  await writeFile(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
  await beforeRename?.();
  await rename(`${path}.new`, path);
}

/** @returns undefined when no process holds it: no lock file, one that isn't ours, or one cut off by a crash. */
async function readHolder(path: string): Promise<(ProcessRecord & { url?: string | undefined }) | undefined> {
  try {
    const { pid, startedAt, url } = recordSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    return { pid, startedAt, url };
  } catch (error) {
    if (
      isErrno(error, 'ENOENT') ||
      isErrno(error, 'ENOTDIR') ||
      error instanceof SyntaxError ||
      error instanceof z.ZodError
    )
      return undefined;
    throw error;
  }
}
