import { fileURLToPath } from 'node:url';
import type { Closers } from '../../src/lib/closers.ts';
import { startRole } from '../../src/processes/role.ts';

export interface NodeWorker {
  pid(): number;
  /** Kills the process, and starts another one. @returns when it was killed. */
  replace(): Promise<Date>;
}

/** Starts a worker process, in a file of this folder, and waits until it is ready. */
export async function startNodeWorker(
  closers: Closers,
  file: string,
  environment: Readonly<Record<string, string>>,
): Promise<NodeWorker> {
  const entry = fileURLToPath(new URL(file, import.meta.url));
  const force = new AbortController().signal;
  const options = { name: file, entry, stopMs: 10_000, force };
  const env = { PATH: process.env['PATH'], ...environment };
  let worker = await startRole({ ...options, environment: env }, force);
  closers.add(() => worker.close());
  return {
    pid: () => worker.pid,
    async replace() {
      process.kill(worker.pid, 'SIGKILL');
      const killedAt = new Date();
      worker = await startRole({ ...options, environment: env }, force);
      return killedAt;
    },
  };
}
