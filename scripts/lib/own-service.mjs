import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from './root.mjs';

const command = 'dist/src/cli/main.js';

/**
 * Starts the whole service, as `npm start` does, with its own folder and on free ports.
 * @param name The name of the API key that is created for the service's administrator.
 * @returns its `url`, the `key`, its `home` folder, and `stop`, which also removes the folder.
 */
export async function startOwnService(name, settings = {}) {
  const home = await mkdtemp(join(tmpdir(), `taskbell-${name}-`));
  const environment = {
    ...process.env,
    HOST: '127.0.0.1',
    PORT: '0',
    TASKBELL_HOME: home,
    TASKBELL_TEMPORAL_PORT: '0',
    TASKBELL_TEMPORAL_UI_PORT: '0',
    TASKBELL_LOG_LEVEL: 'error',
    ...settings,
  };
  const child = spawn(process.execPath, [command, 'up'], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  // A script that a signal ends must not leave the service behind.
  const end = () => child.kill('SIGTERM');
  process.once('exit', end);
  const stop = async () => {
    process.off('exit', end);
    end();
    await ended;
    await rm(home, { recursive: true, force: true });
  };
  try {
    const url = await addressOf(child);
    return { url, key: await makeKey(name, environment), home, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Returns the address that a service prints once it is ready. */
async function addressOf(child) {
  for await (const line of createInterface({ input: child.stdout })) {
    const [, url] = /^\s*Address\s+(http\S+)/.exec(line) ?? [];
    if (url === undefined) continue;
    child.stdout.resume();
    return url;
  }
  throw new Error('Taskbell did not start');
}

/** Creates an API key for the administrator that the first start created. */
async function makeKey(name, environment) {
  const child = spawn(process.execPath, [command, 'keys', 'create', 'admin', '--name', name], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let key = '';
  for await (const chunk of child.stdout) key += chunk;
  if (!key.startsWith('tb_')) throw new Error('No API key was created');
  return key.trim();
}
