import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { EngineError } from '../engine/errors.ts';
import { isAlive, isErrno, recordProcess } from '../engine/processes.ts';

const owner = z.object({ pid: z.number(), startedAt: z.string().optional() });

export interface HomeLock {
  release(): Promise<void>;
}

/**
 * Makes sure that one `taskbell up` at a time uses HOME. The lock of a process that is gone is taken over.
 * @throws {EngineError} when another one runs.
 */
export async function lockHome(home: string): Promise<HomeLock> {
  const path = join(home, 'up.lock');
  // Written aside and linked, so that nobody ever sees an empty lock.
  const mine = `${path}.${randomUUID()}`;
  await writeFile(mine, JSON.stringify(recordProcess(process.pid)), { mode: 0o600 });
  try {
    while (!(await tryLink(mine, path))) await removeIfAbandoned(path);
  } finally {
    await rm(mine, { force: true });
  }
  return { release: () => rm(path, { force: true }) };
}

async function tryLink(mine: string, path: string): Promise<boolean> {
  try {
    await link(mine, path);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

async function removeIfAbandoned(path: string): Promise<void> {
  const text = await readText(path);
  if (text === undefined) return;
  const holder = parseOwner(text);
  if (holder !== undefined && isAlive(holder)) {
    throw new EngineError(`Taskbell is already running here (pid ${holder.pid}, ${path}).`);
  }
  // Moved before it is removed: of two that take it over at once, one might else remove the other's new lock.
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw error;
  }
  if ((await readText(aside)) !== text) await tryLink(aside, path);
  await rm(aside, { force: true });
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function parseOwner(text: string): { pid: number; startedAt: string | undefined } | undefined {
  try {
    const { pid, startedAt } = owner.parse(JSON.parse(text));
    return { pid, startedAt };
  } catch {
    // Not one of ours, or cut off by a crash: nobody holds it.
    return undefined;
  }
}
