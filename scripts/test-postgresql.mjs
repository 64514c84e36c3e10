#!/usr/bin/env node
// `npm run test:postgresql -- PATHS`: runs these tests against a Temporal server with PostgreSQL, set up with the files
// in deploy/ as docker-compose.yml does, but without containers. Needs PostgreSQL and Go; the server is built once and
// kept in the user's cache.
import { randomBytes, randomInt } from 'node:crypto';
import { rmSync } from 'node:fs';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuild, importBuilt } from './lib/build.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { checkNodeVersion } from './lib/node-version.mjs';
import { stopWithNpm } from './lib/npm-parent.mjs';
import { startPostgresql } from './lib/postgresql.mjs';
import { runNode } from './lib/run.mjs';
import { startTemporalCluster } from './lib/temporal-cluster.mjs';

const namespace = 'taskbell';

checkNodeVersion();
stopWithNpm();
await ensureDependencies();
await ensureBuild();
const { readConfig } = await importBuilt('config.js');
const { choosePorts } = await importBuilt('engine/ports.js');
const { pinnedServerVersion: version } = await importBuilt('engine/version.js');

const folder = await mkdtemp(join(tmpdir(), 'taskbell-postgresql-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const closers = [];
try {
  // The database's user has to reach its folder.
  await chmod(folder, 0o711);
  const free = (ports) =>
    choosePorts(
      '127.0.0.1',
      ports.map((port) => ({ port, variable: 'PORT' })),
    );
  const [postgresqlPort, ...ports] = await free([0, 0, 0, 0, 0, 0]);
  const firstMemberPort = randomInt(10_000, 32_000);
  const memberPorts = await free([0, 1, 2, 3].map((index) => firstMemberPort + index));
  const password = randomBytes(16).toString('hex');
  closers.push(await startPostgresql({ folder, port: postgresqlPort, password }));
  const { cacheDir } = readConfig().engine;
  const server = await startTemporalCluster({
    version,
    cacheDir,
    folder,
    postgresqlPort,
    password,
    ports,
    memberPorts,
  });
  closers.push(server.stop);
  const { address } = server;
  const setup = await runNode(['dist/src/cli/main.js', 'setup', '--wait', '60'], {
    env: { ...process.env, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace },
  });
  if (setup !== 0) throw new Error(`The server has logged:\n${(await server.readLog()).slice(-4000)}`);
  const env = { ...process.env, TEST_TEMPORAL_ADDRESS: address, TEST_TEMPORAL_NAMESPACE: namespace };
  process.exitCode = await runNode(['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)], {
    env,
  });
} finally {
  for (const close of closers.toReversed()) await close();
}
