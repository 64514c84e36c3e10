import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Returns the resident memory of processes, in bytes. Read from outside, since a busy process cannot answer.
 * Processes that have ended are left out.
 */
export async function residentBytes(pids: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const entries = process.platform === 'linux' ? await fromProc(pids) : await fromPs(pids);
  return new Map(entries.filter(([, bytes]) => bytes > 0));
}

async function fromProc(pids: readonly number[]): Promise<[number, number][]> {
  return Promise.all(
    pids.map(async (pid): Promise<[number, number]> => {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      return [pid, Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024];
    }),
  );
}

/** Reads the memory with `ps`, on macOS and BSD. */
async function fromPs(pids: readonly number[]): Promise<[number, number][]> {
  if (pids.length === 0) return [];
  // Fails if none of the processes exists any more.
  const { stdout } = await run('ps', ['-o', 'pid=,rss=', '-p', pids.join()]).catch(() => ({ stdout: '' }));
  const rows = stdout.trim().split('\n');
  return rows.map((row) => {
    const [pid = 0, kilobytes = 0] = row.trim().split(/\s+/).map(Number);
    return [pid, kilobytes * 1024];
  });
}
