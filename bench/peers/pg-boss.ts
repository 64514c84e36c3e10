import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Closers } from '../../src/lib/closers.ts';
import type { Contender } from '../support/contenders.ts';
import { cpuTimes } from '../support/cpu.ts';
import { aLongRequest, aRequest } from '../support/task.ts';
import { startPostgresql } from './databases.ts';
import type { Tools } from './install.ts';
import { startNodeWorker } from './node-worker.ts';
import { connectSql, times } from './sql.ts';

/** The part of pg-boss that is used. It is not a dependency of Taskbell, so its types are not there. */
type PgBoss = new (options: object) => {
  start(): Promise<unknown>;
  stop(options: object): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): void;
  send(queue: string, data: object, options: object): Promise<string | null>;
  getJobById(queue: string, id: string): Promise<unknown>;
};

/** pg-boss, called as a library: jobs in PostgreSQL, and a worker process that polls for them. */
export async function startPgBoss(tools: Tools, closers: Closers): Promise<Contender> {
  const postgresql = await startPostgresql(tools, closers);
  const query = await connectSql(tools, postgresql, closers);
  const url = `postgres://postgres:${postgresql.password}@127.0.0.1:${postgresql.port}/postgres`;
  const worker = await startNodeWorker(closers, 'pg-boss-worker.mjs', {
    PEER_MODULES: tools.npm,
    PEER_POSTGRESQL_URL: url,
  });
  const Boss = createRequire(join(tools.npm, 'package.json'))('pg-boss') as PgBoss;
  // Only the worker supervises the queue.
  const boss = new Boss({ connectionString: url, supervise: false, schedule: false, migrate: false });
  boss.on('error', (error) => console.error(error));
  await boss.start();
  closers.add(() => boss.stop({ graceful: false }));
  const send = async (dueAt: Date, { name, payload }: { name: string; payload: object }): Promise<string> => {
    const id = await boss.send('bench', { name, payload }, { startAfter: dueAt, retryLimit: 3 });
    if (id === null) throw new Error('pg-boss created no job');
    return id;
  };
  const done = "FROM pgboss.job WHERE name = 'bench' AND state = 'completed' AND id = ANY($1::uuid[])";
  return {
    name: 'pg-boss',
    create: (dueAt) => send(dueAt, aRequest(dueAt)),
    countDone: async ({ ids }) =>
      Number((await query(`SELECT count(*) AS number ${done}`, [ids]))[0]?.['number']),
    doneAt: async ({ ids }) => times(await query(`SELECT completed_on AS at ${done}`, [ids])),
    cpu: () => cpuTimes({ postgresql: postgresql.pid, worker: worker.pid() }),
    readStatus: (id) => boss.getJobById('bench', id),
    recovery: {
      createLong: (dueAt, runTimeMs) => send(dueAt, aLongRequest(dueAt, runTimeMs)),
      replaceWorker: () => worker.replace(),
    },
  };
}
