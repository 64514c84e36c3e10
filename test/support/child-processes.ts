import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { recordProcess } from '../../src/lib/process-identity.ts';

const run = promisify(execFile);

/** The ids of a process's children. */
export async function childrenOf(pid: number): Promise<number[]> {
  const { stdout } = await run('pgrep', ['-P', String(pid)]).catch(noneFound);
  return stdout.split('\n').filter(Boolean).map(Number);
}

/** That is what its exit code 1 means; anything else (it is not there, say) is an error. */
function noneFound(error: unknown): { stdout: string } {
  if (error instanceof Error && 'code' in error && error.code === 1) return { stdout: '' };
  throw error;
}

/** Whether a process runs. A zombie does not: an orphan's init may be slow to reap it, or never do. */
export function isRunning(pid: number): boolean {
  return recordProcess(pid) !== undefined;
}
