#!/usr/bin/env node
// `npm run fuzz`: runs Schemathesis with the complete API description against a service started for it. It must
// find nothing. Arguments are passed on (`npm run fuzz -- --max-examples=200`). Needs Python 3.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuild } from './lib/build.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { startOwnService } from './lib/own-service.mjs';
import { root } from './lib/root.mjs';
import { orExit, run } from './lib/run.mjs';
import { ensureTemporal } from './lib/temporal.mjs';

const version = '4.30.0';

await ensureDependencies();
await ensureBuild();
await ensureTemporal();
const schemathesis = await ensureSchemathesis();
const service = await startOwnService('fuzz', {
  // No limits: Schemathesis sends thousands of requests a minute, and the number of tasks is not under test.
  TASKBELL_RATE_LIMIT: '0',
  TASKBELL_MAX_OPEN_TASKS: '0',
});
try {
  process.exitCode = await fuzz(service);
} finally {
  await service.stop();
}

/**
 * Runs Schemathesis. A signal ends only Schemathesis, so that the service is still stopped.
 * @returns its exit code.
 */
async function fuzz({ url, key, home }) {
  const options = [
    // Seconds for which an event stream is read, since it does not end by itself.
    '--request-timeout=8',
    // Rules such as "one of two fields" reject most of the randomly generated examples.
    '--suppress-health-check=filter_too_much',
  ];
  const config = join(root, 'scripts', 'schemathesis.toml');
  const child = spawn(
    schemathesis,
    ['--config-file', config, 'run', `${url}/openapi.json`, ...options, ...process.argv.slice(2)],
    { cwd: home, stdio: 'inherit', env: { ...process.env, TASKBELL_FUZZ_KEY: key } },
  );
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/** Installs Schemathesis in its own virtual environment in the user's cache. @returns the command's path. */
async function ensureSchemathesis() {
  const { readConfig } = await import(pathToFileURL(join(root, 'dist', 'src', 'config.js')).href);
  const folder = join(readConfig().engine.cacheDir, `schemathesis-${version}`);
  const command = join(folder, 'bin', 'schemathesis');
  if (existsSync(command)) return command;
  console.error(`Installing Schemathesis ${version}…`);
  await orExit(run('python3', ['-m', 'venv', folder]));
  await orExit(run(join(folder, 'bin', 'pip'), ['install', '--quiet', `schemathesis==${version}`]));
  return command;
}
