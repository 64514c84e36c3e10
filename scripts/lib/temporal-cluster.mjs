import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { root } from './root.mjs';
import { runOnce } from './run.mjs';

const goModule = 'go.temporal.io/server';

/**
 * Starts a Temporal server of a version with PostgreSQL, with the files in deploy/ and the configuration of its image, as
 * docker-compose.yml does. Only the number of shards and the level of the log are others.
 * @param settings.ports of its API over gRPC and HTTP, and of its other three services
 * @param settings.memberPorts of the four services among themselves; below 32,768, the range of the column
 * @returns its address, a function that reads its log, and one that stops it.
 */
export async function startTemporalCluster({
  version,
  cacheDir,
  folder,
  postgresqlPort,
  password,
  ports,
  memberPorts,
}) {
  const source = sourceFolder(version);
  const programs = await ensurePrograms(version, cacheDir);
  const [frontend, frontendHttp, matching, history, worker] = ports;
  const [frontendMembers, matchingMembers, historyMembers, workerMembers] = memberPorts;
  const logPath = join(folder, 'temporal.log');
  const readLog = () => readFile(logPath, 'utf8');
  const log = await open(logPath, 'a');
  const schema = join(source, 'schema', 'postgresql', 'v12');
  const sql = {
    PATH: `${programs}:${process.env.PATH}`,
    TEMPORAL_SCHEMA_DIR: schema,
    SQL_PLUGIN: 'postgres12',
    SQL_HOST: '127.0.0.1',
    SQL_PORT: String(postgresqlPort),
    SQL_USER: 'temporal',
    SQL_PASSWORD: password,
  };
  try {
    const script = join(root, 'deploy', 'temporal', 'schema.sh');
    runOnce('sh', [script], { stdio: ['ignore', log.fd, log.fd], env: sql });
  } catch (error) {
    throw new Error(`The schema could not be set up:\n${(await readLog()).slice(-4000)}`, { cause: error });
  }
  await mkdir(join(folder, 'config'));
  // The template of the image. Only as `base.yaml` is it read whatever the environment's name is.
  await copyFile(join(source, 'config', 'docker.yaml'), join(folder, 'config', 'base.yaml'));
  const server = spawn(join(programs, 'temporal-server'), ['--allow-no-auth', '--root', folder, 'start'], {
    stdio: ['ignore', log.fd, log.fd],
    detached: true,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      DB: 'postgres12',
      DB_PORT: String(postgresqlPort),
      // The port of the visibility database.
      POSTGRES_PORT: String(postgresqlPort),
      POSTGRES_SEEDS: '127.0.0.1',
      POSTGRES_USER: 'temporal',
      POSTGRES_PWD: password,
      NUM_HISTORY_SHARDS: '4',
      DYNAMIC_CONFIG_FILE_PATH: join(root, 'deploy', 'temporal', 'dynamicconfig.yaml'),
      BIND_ON_IP: '127.0.0.1',
      TEMPORAL_BROADCAST_ADDRESS: '127.0.0.1',
      LOG_LEVEL: 'error',
      FRONTEND_GRPC_PORT: String(frontend),
      FRONTEND_HTTP_PORT: String(frontendHttp),
      FRONTEND_MEMBERSHIP_PORT: String(frontendMembers),
      MATCHING_GRPC_PORT: String(matching),
      MATCHING_MEMBERSHIP_PORT: String(matchingMembers),
      HISTORY_GRPC_PORT: String(history),
      HISTORY_MEMBERSHIP_PORT: String(historyMembers),
      WORKER_GRPC_PORT: String(worker),
      WORKER_MEMBERSHIP_PORT: String(workerMembers),
    },
  });
  await log.close();
  const ended = once(server, 'exit');
  const kill = () => server.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    process.off('exit', kill);
    // It may take a minute to stop by itself, and its database is thrown away.
    kill();
    await ended;
  };
  return { address: `127.0.0.1:${frontend}`, readLog, stop };
}

/** Returns the folder of the server's sources, which have the schema and the image's configuration. */
function sourceFolder(version) {
  const args = ['mod', 'download', '-json', `${goModule}@v${version}`];
  const { stdout, status, error } = spawnSync('go', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  if (error) throw new Error('Go is needed to build the server (https://go.dev/dl)', { cause: error });
  if (status !== 0) throw new Error(`go ${args.join(' ')} failed`);
  return JSON.parse(stdout).Dir;
}

/** Builds the server and its tool for the schema once for all projects of this user. @returns their folder. */
async function ensurePrograms(version, cacheDir) {
  const target = join(cacheDir, `temporal-server-${version}`);
  if (existsSync(target)) return target;
  console.error(`Building Temporal's server ${version}, which takes some minutes…`);
  await mkdir(dirname(target), { recursive: true });
  const unfinished = await mkdtemp(`${target}-`);
  try {
    const packages = ['cmd/server', 'cmd/tools/sql'].map((path) => `${goModule}/${path}@v${version}`);
    runOnce('go', ['install', ...packages], { env: { ...process.env, GOBIN: unfinished } });
    await rename(join(unfinished, 'server'), join(unfinished, 'temporal-server'));
    await rename(join(unfinished, 'sql'), join(unfinished, 'temporal-sql-tool'));
    await rename(unfinished, target);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return target;
}
