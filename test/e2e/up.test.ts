import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest';
import { tryConnect } from '../../src/temporal/connect.ts';
import { callUrl } from '../support/caller.ts';
import { type UpProcess, makeHome, removeHome, startBuiltUp, startUp } from '../support/engine-up.ts';
import { isRunning } from '../support/child-processes.ts';
import { jwtSecret } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

const run = promisify(execFile);

// Each test starts several processes, and shares the machine with other test files.
vi.setConfig({ testTimeout: 90_000 });

let home: string;
let ups: UpProcess[];

beforeEach(() => {
  home = makeHome();
  ups = [];
});

afterEach(async () => {
  for (const up of ups) {
    up.stop('SIGTERM');
    await up.exitCode();
  }
  removeHome(home);
});

function start(environment: Record<string, string> = {}): UpProcess {
  const up = startUp(home, environment);
  ups.push(up);
  return up;
}

/** Starts on the Temporal server that all tests share: several seconds faster, for tests not about Temporal. */
function startOnShared(environment: Record<string, string> = {}): UpProcess {
  const { address, namespace } = inject('temporal');
  return start({ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace, ...environment });
}

/** Starts the built product on the Temporal server that all tests share, with a task queue of its own. */
function startBuiltOnShared(environment: Record<string, string> = {}): UpProcess {
  const { address, namespace } = inject('temporal');
  const up = startBuiltUp(home, {
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    TASKBELL_TASK_QUEUE: `up-${randomUUID()}`,
    TASKBELL_JWT_SECRET: jwtSecret,
    ...environment,
  });
  ups.push(up);
  return up;
}

interface RoleFacts {
  readonly pid: number;
  readonly secrets: readonly string[];
  readonly temporal: string | undefined;
  readonly metricsPort: string | undefined;
}

async function ask(url: string): Promise<RoleFacts> {
  const response = await fetch(url);
  return (await response.json()) as RoleFacts;
}

interface EngineRecord {
  readonly pid: number;
  readonly port: number;
  readonly webUiPort: number;
}

/** Returns the record of the embedded server. @throws while there is none. */
async function engine(): Promise<EngineRecord> {
  const state: unknown = JSON.parse(await readFile(join(home, 'engine.json'), 'utf8'));
  const { process: server } = state as { process: EngineRecord | null };
  if (server === null) throw new Error('no server is recorded');
  return server;
}

async function enginePid(): Promise<number> {
  return (await engine()).pid;
}

async function canConnect(port: number): Promise<boolean> {
  try {
    await tryConnect(`127.0.0.1:${port}`);
    return true;
  } catch {
    return false;
  }
}

async function occupiedPort(use: (port: number) => Promise<void>): Promise<void> {
  const occupier = createServer().listen(0, '127.0.0.1');
  await once(occupier, 'listening');
  try {
    await use((occupier.address() as AddressInfo).port);
  } finally {
    occupier.close();
  }
}

test('`taskbell up` starts everything, and prints how to sign in and what to try', async () => {
  const up = start();
  const url = await up.ready();
  expect(up.output()).toContain(`user admin, password it's-secret (shown only this once)`);
  expect(up.output()).toMatch(/Temporal Web UI {2}http:\/\/127\.0\.0\.1:\d+/);
  expect(up.output()).toContain(`curl -s ${url}/api/tasks/`);
  expect((await ask(url)).temporal).toMatch(/^127\.0\.0\.1:\d+$/);
});

test('`taskbell up` prints a way in as the first user until it has been used, and how to get another later', async () => {
  // Interrupted after the user was created, and before its password was printed.
  const interrupted = startBuiltOnShared({ TASKBELL_TASK_MODULES: './nowhere.mjs' });
  expect(await interrupted.exitCode()).toBe(1);
  expect(interrupted.output()).toMatch(
    /^(api|worker): TASKBELL_TASK_MODULES: Task module "\.\/nowhere\.mjs": [^\n]+\n$/m,
  );
  const first = startBuiltOnShared();
  const url = await first.ready();
  expect(first.output()).toContain('user admin, who has never signed in');
  const [, token] = new RegExp(`^ +${url}/#sign-in=(\\S+)$`, 'm').exec(first.output()) ?? [];
  const redeem = (link: string | undefined) => callUrl(`${url}/api/session/`, 'POST', { link });
  expect(await redeem(token)).toMatchObject({ status: 200, body: { account: { name: 'admin' } } });
  expect(await redeem(token)).toMatchObject({ status: 401, body: { code: 'token_not_valid' } });
  // The command knows where the service runs, although its environment doesn't say.
  const link = await run(process.execPath, ['dist/src/cli/main.js', 'users', 'link', 'admin'], {
    env: { PATH: process.env['PATH'], TASKBELL_HOME: home, TASKBELL_JWT_SECRET: jwtSecret },
  });
  expect(link.stdout).toContain(`${url}/#sign-in=`);
  first.stop('SIGTERM');
  await first.exitCode();
  const second = startBuiltOnShared();
  await second.ready();
  expect(second.output()).toContain('`npm run taskbell -- users link NAME` prints one');
  expect(second.output()).not.toContain('#sign-in=');
});

test('`taskbell up` keeps the API running while the worker cannot start again, and starts it once it can', async () => {
  const broken = join(home, 'broken');
  const up = startOnShared({ ROLE_BROKEN_WHILE: broken });
  const url = await up.ready();
  await writeFile(broken, '');
  const workers = () => up.events().filter(({ event, role }) => event === 'ready' && role === 'worker');
  process.kill(workers()[0]?.pid ?? 0, 'SIGKILL');
  const why = 'The worker ended (SOME_VARIABLE: must be something else); restarting it in';
  await waitFor(
    'growing delays',
    () => up.output().includes(`${why} 0.1 s.`) && up.output().includes(`${why} 0.2 s.`),
  );
  expect((await ask(url)).pid).toBeGreaterThan(0);
  await rm(broken);
  await waitFor('the worker to start again', () => workers().length === 2);
});

test('`taskbell up` exits and says what to do when its database is deleted while it runs', async () => {
  const up = start();
  await up.ready();
  await rm(join(home, 'temporal.db'));
  expect(await up.exitCode()).toBe(1);
  expect(up.output()).toContain(
    `${join(home, 'temporal.db')} was deleted or replaced while the service was running.`,
  );
  for (const { pid } of up.events()) expect(isRunning(pid)).toBe(false);
  const next = start();
  expect(await next.exitCode()).toBe(1);
  expect(next.output()).toContain(`${join(home, 'temporal.db')} is missing, which had all tasks.`);
});

test('`taskbell up` creates a secret for the API alone, and stores it in a private file', async () => {
  const up = start();
  const url = await up.ready();
  expect((await ask(url)).secrets).toEqual(['TASKBELL_JWT_SECRET']);
  const worker = /worker ready (\S+)/.exec(await readFile(join(home, 'events'), 'utf8'))?.[1] ?? '';
  expect((await ask(worker)).secrets).toEqual([]);
  const path = join(home, 'jwt-secret');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await readFile(path, 'utf8')).trim().length).toBeGreaterThanOrEqual(64);
});

test('`taskbell up` stops the API, the worker and Temporal, in this order, on SIGINT, and exits with 0', async () => {
  const up = start();
  await up.ready();
  const temporal = await enginePid();
  up.stop('SIGINT');
  expect(await up.exitCode()).toBe(0);
  const events = up.events();
  expect(events.filter(({ event }) => event === 'stopped').map(({ role }) => role)).toEqual([
    'api',
    'worker',
  ]);
  for (const pid of [temporal, ...events.map((event) => event.pid)]) expect(isRunning(pid)).toBe(false);
});

test('`taskbell up` treats a Ctrl-C whose signal arrives twice as one', async () => {
  const up = startOnShared();
  await up.ready();
  up.stop('SIGINT');
  up.stop('SIGINT');
  expect(await up.exitCode()).toBe(0);
});

test('`taskbell up` kills the remaining processes on a second signal', async () => {
  const up = startOnShared({ ROLE_STUBBORN: 'worker' });
  await up.ready();
  up.stop('SIGTERM');
  await waitFor('the API to stop', () => up.events().some(({ event }) => event === 'stopped'));
  // Signals in quick succession count as one, so the signal is sent until it takes effect.
  await waitFor('taskbell up to exit', () => {
    up.stop('SIGTERM');
    return sleep(400).then(() => up.child.exitCode !== null);
  });
  expect(await up.exitCode()).toBe(130);
  for (const { pid } of up.events()) expect(isRunning(pid)).toBe(false);
});

test('`taskbell up` restarts a crashed API at the same address', async () => {
  const up = startOnShared();
  const url = await up.ready();
  const { pid } = await ask(url);
  process.kill(pid, 'SIGKILL');
  const again = await waitFor('the API to serve again', () => ask(url).catch(() => undefined));
  expect(again.pid).not.toBe(pid);
  expect(up.output()).toContain('The api ended (signal SIGKILL); restarting it in 0.05 s.');
});

test('`taskbell up` restarts a crashed worker, after a longer delay each time', async () => {
  const up = startOnShared();
  await up.ready();
  const workers = (): number[] =>
    up.events().flatMap(({ event, role, pid }) => (event === 'ready' && role === 'worker' ? [pid] : []));
  for (const [starts, delay] of [
    [1, '0.05'],
    [2, '0.1'],
  ] as const) {
    const latest = await waitFor(`start ${starts} of the worker`, () => workers()[starts - 1]);
    process.kill(latest, 'SIGKILL');
    await waitFor('its end to be reported', () =>
      up.output().includes(`The worker ended (signal SIGKILL); restarting it in ${delay} s.`),
    );
  }
  const third = await waitFor('its third start', () => workers()[2]);
  expect(isRunning(third)).toBe(true);
});

test('`taskbell up` restarts a crashed Temporal server at the same address', async () => {
  const up = start();
  await up.ready();
  const before = await engine();
  process.kill(before.pid, 'SIGKILL');
  const after = await waitFor('another server', async () => {
    const now = await engine().catch(() => undefined);
    return now !== undefined && now.pid !== before.pid && now;
  });
  expect(isRunning(after.pid)).toBe(true);
  expect([after.port, after.webUiPort]).toEqual([before.port, before.webUiPort]);
  await waitFor('the server to serve again', () => canConnect(after.port));
  const [, sinceRestart] = up.output().split(/restarting it in [\d.]+ s\./);
  expect(sinceRestart).not.toContain('Starting the Temporal server');
});

test('`taskbell up` leaves no role running when it is killed, and the next start ends its Temporal server and serves', async () => {
  const killed = start();
  await killed.ready();
  const temporal = await enginePid();
  killed.stop('SIGKILL');
  await killed.exitCode();
  await waitFor(
    'the roles to end',
    () => killed.events().filter(({ event }) => event === 'orphaned').length === 2,
  );
  expect(isRunning(temporal)).toBe(true);
  const next = start();
  await next.ready();
  expect(isRunning(temporal)).toBe(false);
  expect(await enginePid()).not.toBe(temporal);
});

test('`taskbell up` does not start a second time in the same home folder', async () => {
  const first = startOnShared();
  await first.ready();
  const second = startOnShared();
  expect(await second.exitCode()).toBe(1);
  expect(second.output()).toContain(`Taskbell is already running here (pid ${first.child.pid}`);
});

test('`taskbell up` gives the API TASKBELL_METRICS_PORT and the token, and the worker the next port, which both may be any', async () => {
  const up = startOnShared({ TASKBELL_METRICS_PORT: '0', TASKBELL_METRICS_TOKEN: 'f'.repeat(32) });
  const api = await ask(await up.ready());
  const worker = await ask(
    /worker ready (\S+)/.exec(await readFile(join(home, 'events'), 'utf8'))?.[1] ?? '',
  );
  const ports = [api, worker].map(({ metricsPort }) => Number(metricsPort));
  expect(ports.every((port) => port > 0)).toBe(true);
  expect(new Set(ports).size).toBe(2);
  expect([api.secrets, worker.secrets]).toEqual([['TASKBELL_METRICS_TOKEN'], []]);
});

test('`taskbell up` exits with a one-line error when the port after TASKBELL_METRICS_PORT is in use', async () => {
  await occupiedPort(async (port) => {
    const up = startOnShared({ TASKBELL_METRICS_PORT: String(port - 1) });
    expect(await up.exitCode()).toBe(1);
    expect(up.output()).toMatch(
      /^Port \d+ on 127\.0\.0\.1 is in use\. Stop what uses it, or set TASKBELL_METRICS_PORT to another port\. `up` uses it for the API, and the next one for the worker\.\n$/,
    );
  });
});

test('`taskbell up` exits with a one-line error when the port is in use', async () => {
  await occupiedPort(async (port) => {
    const up = startOnShared({ PORT: String(port) });
    expect(await up.exitCode()).toBe(1);
    expect(up.output()).toBe(
      `Port ${port} on 127.0.0.1 is in use. Stop what uses it, or set PORT to another port.\n`,
    );
  });
});

test.each([
  ['lies under a file', (folder: string) => join(folder, 'file', 'home')],
  ['is a file', (folder: string) => join(folder, 'file')],
  ['cannot be created, although its parent exists', () => '/proc/home'],
])('`taskbell up` exits with a one-line error when its home folder %s', async (_where, pathIn) => {
  const folder = await mkdtemp(join(tmpdir(), 'taskbell-up-'));
  await writeFile(join(folder, 'file'), '');
  const up = start({ TASKBELL_HOME: pathIn(folder) });
  expect(await up.exitCode()).toBe(1);
  expect(up.output()).toMatch(/^Cannot write to [^\n]+Set TASKBELL_HOME to a writable folder\.\n$/);
  await rm(folder, { recursive: true });
});

test('`taskbell up` exits when a role reports a wrong configuration, and prints the message of the role', async () => {
  const up = startOnShared({ ROLE_FATAL: 'worker' });
  expect(await up.exitCode()).toBe(1);
  expect(up.output()).toContain('worker: SOME_VARIABLE: must be something else');
  for (const { pid } of up.events()) expect(isRunning(pid)).toBe(false);
});

test('`taskbell up` exits when a role ends before it is ready', async () => {
  const up = startOnShared({ ROLE_CRASH: 'api' });
  expect(await up.exitCode()).toBe(1);
  expect(up.output()).toContain('api: it ended before it was ready: exit code 3');
});

test('`taskbell up` uses the Temporal server at TEMPORAL_ADDRESS and starts none', async () => {
  const { address, namespace } = inject('temporal');
  const up = start({ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace });
  const url = await up.ready();
  expect((await ask(url)).temporal).toBe(address);
  await expect(stat(join(home, 'engine.json'))).rejects.toThrow('ENOENT');
});

test('`taskbell up` exits and says what is missing if the namespace at TEMPORAL_ADDRESS is not ready', async () => {
  const { address } = inject('temporal');
  const up = start({ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: 'not-there' });
  expect(await up.exitCode()).toBe(1);
  expect(up.output()).toContain(
    'Namespace "not-there" isn\'t ready for Taskbell. Missing:\n  - the namespace itself',
  );
});

test('`taskbell up` exits and says so if the server at TEMPORAL_ADDRESS cannot be reached', async () => {
  const up = start({ TEMPORAL_ADDRESS: '127.0.0.1:9' });
  expect(await up.exitCode()).toBe(1);
  expect(up.output()).toContain("Temporal at 127.0.0.1:9 can't be reached");
});
