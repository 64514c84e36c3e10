import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './root.mjs';
import { runOnce } from './run.mjs';

/** Folder in which Debian's packages put each version of PostgreSQL. */
const installed = '/usr/lib/postgresql';

/**
 * Starts PostgreSQL with an empty database and what deploy/postgresql/init.sh creates. As root, it runs as the user
 * `postgres`, since it refuses to run as root.
 * @returns a function that stops it.
 */
export async function startPostgresql({ folder, port, password }) {
  const programs = await findPrograms();
  const data = join(folder, 'postgresql');
  await mkdir(data);
  const user = process.getuid() === 0 ? systemUser('postgres') : {};
  if (user.uid !== undefined) await chown(data, user.uid, user.gid);
  const options = { cwd: data, stdio: ['ignore', 'ignore', 'inherit'], ...user };
  // The superuser signs in over the socket, everyone else needs a password.
  const text = ['--encoding=UTF8', '--locale=C.UTF-8'];
  const access = ['--auth-local=trust', '--auth-host=scram-sha-256', '--username=postgres'];
  runOnce(join(programs, 'initdb'), ['--pgdata', data, ...text, ...access], options);
  // As in docker-compose.yml: each of the server's four services takes thirty.
  const connections = ['-c', 'max_connections=200'];
  const listen = ['-c', 'listen_addresses=127.0.0.1', '-k', data, '-p', String(port)];
  // In a process group of its own: a Ctrl-C ends the tests first.
  const server = spawn(join(programs, 'postgres'), ['-D', data, ...connections, ...listen], {
    ...options,
    stdio: ['ignore', 'ignore', 'ignore'],
    detached: true,
  });
  const ended = once(server, 'exit');
  const kill = () => server.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    process.off('exit', kill);
    // Fast shutdown, which does not wait for its clients.
    server.kill('SIGINT');
    await ended;
  };
  try {
    const env = {
      ...process.env,
      PATH: `${programs}:${process.env.PATH}`,
      PGHOST: data,
      PGPORT: String(port),
    };
    runOnce('sh', ['-c', 'for i in $(seq 100); do pg_isready -q && exit; sleep 0.1; done; exit 1'], { env });
    const credentials = { POSTGRES_USER: 'postgres', POSTGRES_PASSWORD: password };
    runOnce('sh', [join(root, 'deploy', 'postgresql', 'init.sh')], { env: { ...env, ...credentials } });
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

/** Returns the folder of the newest PostgreSQL's programs. */
async function findPrograms() {
  const versions = await readdir(installed).catch(() => []);
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined)
    throw new Error(`There is no PostgreSQL in ${installed}. Install Debian's package postgresql.`);
  return join(installed, newest, 'bin');
}

function systemUser(name) {
  const [uid, gid] = ['-u', '-g'].map((option) => {
    const { status, stdout } = spawnSync('id', [option, name]);
    if (status !== 0) throw new Error(`There is no user ${name}`);
    return Number(stdout);
  });
  return { uid, gid };
}
