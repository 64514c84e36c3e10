/** Installs what the peers need: Debian's packages where they are missing, and packages of Python and npm in the cache. */
import { spawnSync, type SpawnSyncOptions } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../../src/config.ts';

/** Programs and packages of the peers. */
export interface Tools {
  readonly redisServer: string;
  /** Folder of PostgreSQL's programs. */
  readonly postgresql: string;
  /** Folder of the programs of the virtual environment. */
  readonly python: string;
  /** Folder whose node_modules has the libraries. */
  readonly npm: string;
}

const debianPostgresql = '/usr/lib/postgresql';
const npmPackages = ['bullmq@6.7.0', 'ioredis@6.0.0', 'pg@8.23.1', 'pg-boss@10.4.2'];
const requirements = fileURLToPath(new URL('celery/requirements.txt', import.meta.url));

export function installPeers(note: (text: string) => void): Tools {
  installPackages(note);
  return {
    redisServer: '/usr/bin/redis-server',
    postgresql: newestPostgresql() ?? '',
    python: join(installPython(note), 'python', 'bin'),
    npm: installNpm(note),
  };
}

/** @throws if packages are missing and can't be installed here. */
function installPackages(note: (text: string) => void): void {
  const missing = [
    ...(existsSync('/usr/bin/redis-server') ? [] : ['redis-server']),
    ...(newestPostgresql() === undefined ? ['postgresql'] : []),
    ...(spawnSync('python3', ['-c', 'import ensurepip, venv']).status === 0 ? [] : ['python3-venv']),
  ];
  if (missing.length === 0) return;
  const names = missing.join(' ');
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version'))
    throw new Error(`The peers need Debian's packages ${names}: apt-get install ${names}`);
  note(`installing ${names} (apt-get)`);
  // In a run level in which no services are started.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  run('apt-get', ['update', '-qq'], { env });
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], { env });
}

/** Returns the folder of the programs of the newest PostgreSQL. */
function newestPostgresql(): string | undefined {
  if (!existsSync(debianPostgresql)) return undefined;
  const versions = readdirSync(debianPostgresql).toSorted((a, b) => Number(b) - Number(a));
  return versions
    .map((version) => join(debianPostgresql, version, 'bin'))
    .find((folder) => existsSync(join(folder, 'initdb')));
}

function installPython(note: (text: string) => void): string {
  const { stdout } = spawnSync('python3', ['--version'], { encoding: 'utf8' });
  return fill(note, [stdout, readFileSync(requirements, 'utf8')], (folder) => {
    run('python3', ['-m', 'venv', 'python'], { cwd: folder });
    const options = ['--quiet', '--disable-pip-version-check'];
    run(join(folder, 'python', 'bin', 'pip'), ['install', ...options, '-r', requirements], { cwd: folder });
  });
}

function installNpm(note: (text: string) => void): string {
  return fill(note, [process.version.split('.')[0] ?? '', ...npmPackages], (folder) => {
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    // Scripts of packages only build optional parts.
    const options = ['--silent', '--no-fund', '--no-audit', '--ignore-scripts'];
    run('npm', ['install', ...options, ...npmPackages], { cwd: folder });
  });
}

/** Fills a folder of the user's cache, unless an earlier run has. @returns its path. */
function fill(
  note: (text: string) => void,
  versions: readonly string[],
  install: (folder: string) => void,
): string {
  const id = createHash('sha256').update(JSON.stringify(versions)).digest('hex').slice(0, 12);
  const folder = join(readConfig().engine.cacheDir, `bench-${id}`);
  // A virtual environment can't be moved, so this marks a complete folder.
  const mark = join(folder, 'complete');
  if (existsSync(mark)) return folder;
  note(`installing the peers' packages in ${folder}`);
  mkdirSync(folder, { recursive: true });
  install(folder);
  writeFileSync(mark, '');
  return folder;
}

function run(command: string, args: readonly string[], options: SpawnSyncOptions): void {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2], ...options });
  if (error) throw error;
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${status}`);
}
