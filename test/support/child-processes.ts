import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { recordProcess } from '../../src/lib/process-identity.ts';

const run = promisify(execFile);

/** Returns the ids of a process's children. */
export async function childrenOf(pid: number): Promise<number[]> {
  const { stdout } = await run('pgrep', ['-P', String(pid)]).catch(noneFound);
  return stdout.split('\n').filter(Boolean).map(Number);
}

/** Handles pgrep's exit code 1, which means no match. Anything else is an error: a missing pgrep, for example. */
function noneFound(error: unknown): { stdout: string } {
  if (error instanceof Error && 'code' in error && error.code === 1) return { stdout: '' };
  throw error;
}

/** Returns whether a process is running. A zombie is not: an orphan's init can be slow to reap it, or never do it. */
export function isRunning(pid: number): boolean {
  return recordProcess(pid) !== undefined;
}
