import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Closers } from '../../src/lib/closers.ts';
import { freePorts } from '../../test/support/free-ports.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { type Contender, untilDone } from '../support/contenders.ts';
import { cpuTimes } from '../support/cpu.ts';
import { createHttpClient } from '../support/load.ts';
import { aLongRequest, aRequest } from '../support/task.ts';
import { accepts, startPostgresql, startRedis } from './databases.ts';
import type { Tools } from './install.ts';
import { type PeerProcess, startProcess } from './process.ts';
import { connectSql, times } from './sql.ts';

const folder = fileURLToPath(new URL('celery/', import.meta.url));
const listed = 100;
const startMs = 40_000;

/**
 * A service of Django, Django REST framework and Celery, over HTTP: tasks are rows in PostgreSQL, and messages in Redis
 * which a worker takes at once and keeps until they are due.
 */
export async function startCelery(tools: Tools, closers: Closers): Promise<Contender> {
  const redis = await startRedis(tools, closers);
  const postgresql = await startPostgresql(tools, closers);
  const query = await connectSql(tools, postgresql, closers);
  const [port = 0] = await freePorts(1);
  const env = {
    PYTHONDONTWRITEBYTECODE: '1',
    PEER_SECRET: randomBytes(16).toString('hex'),
    PEER_REDIS_URL: redis.url,
    PEER_POSTGRESQL_PORT: String(postgresql.port),
    PEER_POSTGRESQL_PASSWORD: postgresql.password,
  };
  const token = prepare(tools, env);
  const start = (name: string, args: readonly string[]): PeerProcess =>
    startProcess(closers, { command: join(tools.python, name), args, cwd: folder, env });
  const listen = ['--bind', `127.0.0.1:${port}`, '--no-control-socket'];
  const web = start('gunicorn', ['service.wsgi', '--workers', '2', ...listen]);
  const startWorker = (): PeerProcess =>
    start('celery', ['--app', 'service', 'worker', '--concurrency', '4', '--loglevel', 'WARNING']);
  let worker = startWorker();
  await waitFor('gunicorn to accept connections', () => accepts(port));
  const http = createHttpClient(`http://127.0.0.1:${port}`, () => ({ Authorization: `Token ${token}` }));
  const done = "FROM service_task WHERE status = 'COMPLETED' AND id = ANY($1::uuid[])";
  const create = async (request: object): Promise<string> => {
    const task = JSON.parse(await http.send('POST', '/api/tasks/', 201, request)) as { id: string };
    return task.id;
  };
  const celery: Contender = {
    name: 'celery',
    create: (dueAt) => create(aRequest(dueAt)),
    countDone: async ({ ids }) =>
      Number((await query(`SELECT count(*) AS number ${done}`, [ids]))[0]?.['number']),
    doneAt: async ({ ids }) => times(await query(`SELECT finished_at AS at ${done}`, [ids])),
    cpu: () => cpuTimes({ redis: redis.pid, postgresql: postgresql.pid, web: web.pid, worker: worker.pid }),
    readStatus: (id) => http.send('GET', `/api/tasks/${id}/status/`, 200),
    list: () => http.send('GET', `/api/tasks/?limit=${listed}`, 200),
    recovery: {
      createLong: (dueAt, runTimeMs) => create(aLongRequest(dueAt, runTimeMs)),
      async replaceWorker() {
        const killed = worker.kill();
        const killedAt = new Date();
        await killed;
        worker = startWorker();
        return killedAt;
      },
    },
  };
  await runOne(celery);
  return celery;
}

/** Runs a task, to see that web server and worker are up. */
async function runOne(celery: Contender): Promise<void> {
  const now = new Date();
  const batch = { ids: [await celery.create(now)], dueAt: now, since: now };
  const done = await untilDone(celery, batch, startMs);
  if (done === 0) throw new Error('The Celery service runs no tasks');
}

/** Creates the tables and a user. @returns the user's token. */
function prepare(tools: Tools, env: Readonly<Record<string, string>>): string {
  const { status, stdout, stderr } = spawnSync(join(tools.python, 'python'), ['prepare.py'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...env },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`prepare.py failed: ${stderr}`);
  return stdout.trim();
}
