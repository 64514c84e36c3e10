import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { withFileLock } from '../lib/file-lock.ts';
import { SetupError } from '../lib/setup-error.ts';
import { isErrno } from '../lib/errno.ts';
import { isAlive, recordProcess, type ProcessRecord } from '../lib/process-identity.ts';

const recordSchema = z.object({ pid: z.number(), startedAt: z.string().optional() });

export interface HomeLock {
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
    await writeFile(`${path}.new`, JSON.stringify(recordProcess(process.pid)), { mode: 0o600 });
    await guard.assertHeld();
    await rename(`${path}.new`, path);
  });
  return { release: () => rm(path, { force: true }) };
}

/** @returns undefined when no process holds it: no lock file, one that isn't ours, or one cut off by a crash. */
async function readHolder(path: string): Promise<ProcessRecord | undefined> {
  try {
    const { pid, startedAt } = recordSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    return { pid, startedAt };
  } catch (error) {
    if (isErrno(error, 'ENOENT') || error instanceof SyntaxError || error instanceof z.ZodError)
      return undefined;
    throw error;
  }
}
