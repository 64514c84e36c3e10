/** The servers of the peers, each with its defaults, on loopback. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Closers } from '../../src/lib/closers.ts';
import { freePorts } from '../../test/support/free-ports.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import type { Tools } from './install.ts';
import { startProcess } from './process.ts';

export interface Database {
  readonly pid: number;
  readonly port: number;
  readonly password: string;
}

/** Starts Redis with an append-only file, which it writes to the disk every second. */
export async function startRedis(tools: Tools, closers: Closers): Promise<Database & { url: string }> {
  const folder = await temporaryFolder(closers);
  const [port = 0] = await freePorts(1);
  const password = randomBytes(16).toString('hex');
  const settings = [
    `port ${port}`,
    'bind 127.0.0.1',
    `requirepass ${password}`,
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    `dir ${folder}`,
  ];
  // On its standard input, since everyone sees the arguments of a process.
  const input = `${settings.join('\n')}\n`;
  const { pid } = startProcess(closers, { command: tools.redisServer, args: ['-'], cwd: folder, input });
  await waitFor('Redis to accept connections', () => accepts(port));
  return { pid, port, password, url: `redis://:${password}@127.0.0.1:${port}/0` };
}

/** Starts PostgreSQL. As root, it runs as the user `postgres`, since it refuses to run as root. */
export async function startPostgresql(tools: Tools, closers: Closers): Promise<Database> {
  const folder = await temporaryFolder(closers);
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'password');
  const [port = 0] = await freePorts(1);
  const password = randomBytes(16).toString('hex');
  const user = process.getuid?.() === 0 ? systemUser('postgres') : undefined;
  // The database's user has to reach its folder.
  await chmod(folder, 0o711);
  await mkdir(data);
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user) for (const path of [data, passwordFile]) await chown(path, user.uid, user.gid);
  const options = ['--auth=scram-sha-256', '--username=postgres', `--pwfile=${passwordFile}`];
  const { status } = spawnSync(
    join(tools.postgresql, 'initdb'),
    ['--pgdata', data, '--encoding=UTF8', '--locale=C.UTF-8', ...options],
    { cwd: data, stdio: ['ignore', 2, 2], ...user },
  );
  if (status !== 0) throw new Error(`initdb ended with ${status}`);
  const { pid } = startProcess(closers, {
    command: join(tools.postgresql, 'postgres'),
    args: ['-D', data, '-c', 'listen_addresses=127.0.0.1', '-k', data, '-p', String(port)],
    cwd: data,
    user,
  });
  await waitFor('PostgreSQL to accept connections', () => accepts(port));
  return { pid, port, password };
}

async function temporaryFolder(closers: Closers): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'taskbell-bench-'));
  closers.add(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    const answer = (accepted: boolean) => (): void => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', answer(true));
    socket.once('error', answer(false));
  });
}

function systemUser(name: string): { uid: number; gid: number } {
  const [uid = 0, gid = 0] = ['-u', '-g'].map((option) => Number(spawnSync('id', [option, name]).stdout));
  return { uid, gid };
}
