import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { serverArguments } from '../../src/engine/flags.ts';
import { sendRaw } from '../support/raw-request.ts';
import { waitFor } from '../support/wait-for.ts';

// The native test starts several processes and creates a namespace.
vi.setConfig({ testTimeout: 90_000 });

const main = 'dist/src/cli/main.js';
/** Commands of our containers, which a test below runs natively. */
const commands = {
  setup: ['node', main, 'setup', '--wait', '120'],
  'web-ui': ['node', main, 'web-ui', '--target', 'http://temporal-ui:8080'],
  api: ['node', main, 'api'],
  worker: ['node', main, 'worker'],
};
type Role = keyof typeof commands;
const roles = Object.keys(commands) as Role[];

const secrets = { TASKBELL_JWT_SECRET: 'j'.repeat(64), POSTGRES_PASSWORD: 'p'.repeat(64) };

const service = z.object({
  image: z.string(),
  user: z.string(),
  command: z.array(z.string()).nullish(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.union([z.string(), z.object({ host_ip: z.string() })])).default([]),
  networks: z.record(z.string(), z.unknown()),
  volumes: z.array(z.unknown()).default([]),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
  cap_drop: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  read_only: z.boolean().default(false),
  tmpfs: z.array(z.string()).default([]),
  init: z.boolean().default(false),
  mem_limit: z.string().optional(),
  pids_limit: z.number().optional(),
  stop_grace_period: z.string().default('10s'),
});
const project = z.object({
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.object({ internal: z.boolean().optional() }).nullable()),
});
type Service = z.infer<typeof service>;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskbell-compose-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `docker-compose config` with .env.example filled in. Of this machine's environment, only PATH is passed on. */
function compose(values: Record<string, string>, ...args: string[]) {
  const example = readFileSync('.env.example', 'utf8');
  const envFile = join(folder, 'env');
  writeFileSync(
    envFile,
    example.replace(/^#?(\w+)=.*$/gm, (line, name: string) =>
      values[name] === undefined ? line : `${name}=${values[name]}`,
    ),
  );
  const result = spawnSync(
    'docker-compose',
    ['-f', 'docker-compose.yml', '--env-file', envFile, 'config', ...args],
    { encoding: 'utf8', env: { PATH: process.env['PATH'] } },
  );
  if (result.error)
    throw new Error('docker-compose is needed: `apt-get install docker-compose`', {
      cause: result.error,
    });
  return result;
}

/** Compose v2 prints JSON. Version 1.29 doesn't, but it is written in Python, so Python's YAML library is installed. */
function parsedProject(values: Record<string, string> = {}): z.infer<typeof project> {
  const json = compose({ ...secrets, ...values }, '--format', 'json');
  if (json.stdout.startsWith('{')) return project.parse(JSON.parse(json.stdout));
  const yaml = compose({ ...secrets, ...values });
  const script = 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)';
  const converted = spawnSync('python3', ['-c', script], { encoding: 'utf8', input: yaml.stdout });
  expect(converted.stderr).toBe('');
  return project.parse(JSON.parse(converted.stdout));
}

describe('docker-compose.yml', () => {
  let services: Record<string, Service>;
  let networks: z.infer<typeof project>['networks'];

  beforeAll(() => ({ services, networks } = parsedProject()));

  function get(name: string): Service {
    const found = services[name];
    if (!found) throw new Error(`docker-compose.yml has no service ${name}`);
    return found;
  }

  test('is accepted once the secrets are set', () => {
    expect(compose(secrets, '-q')).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  test.each(Object.keys(secrets))('is rejected without %s, and the error says how to generate it', (name) => {
    const { status, stderr } = compose({ ...secrets, [name]: '' }, '-q');
    expect(status).not.toBe(0);
    expect(stderr).toMatch(new RegExp(`${name} must be set in \\.env; \`openssl rand \\S+ \\d+\` makes one`));
  });

  test('contains no secret: the value of every variable named like one comes from the environment', () => {
    const named = Object.values(services)
      .flatMap(({ environment }) => Object.entries(environment))
      // That of the metrics is optional.
      .filter(([name, value]) => /SECRET|PASSWORD|PWD|TOKEN|KEY/.test(name) && value !== '');
    expect(new Set(named.map(([, value]) => value))).toEqual(new Set(Object.values(secrets)));
  });

  test('gives each secret only to the services that need it', () => {
    const holders = (secret: string): string[] =>
      Object.keys(services).filter((name) => Object.values(get(name).environment).includes(secret));
    expect(holders(secrets.TASKBELL_JWT_SECRET)).toEqual(['api']);
    expect(holders(secrets.POSTGRES_PASSWORD).toSorted()).toEqual([
      'postgresql',
      'temporal',
      'temporal-schema',
    ]);
  });

  test('passes the port of the metrics to API and worker on a network for them, and the token to the API alone', () => {
    const token = 'm'.repeat(64);
    const set = parsedProject({ TASKBELL_METRICS_PORT: '9464', TASKBELL_METRICS_TOKEN: token });
    const having = (value: string): string[] =>
      Object.keys(set.services).filter((name) =>
        Object.values(set.services[name]?.environment ?? {}).includes(value),
      );
    expect(having('9464')).toEqual(expect.arrayContaining(['api', 'worker']));
    expect(having(token)).toEqual(['api']);
    const onNetwork = Object.keys(services).filter((name) => 'metrics' in get(name).networks);
    expect(onNetwork.toSorted()).toEqual(['api', 'worker']);
    expect(networks['metrics']?.internal).toBe(true);
  });

  test('names every image by an exact version, and ours by the version of this package', () => {
    const { version } = z.object({ version: z.string() }).parse(readJson('package.json'));
    for (const { image } of Object.values(services)) expect(image).toMatch(exactTag);
    for (const role of roles) expect(get(role).image).toBe(`taskbell:${version}`);
    expect(Object.values(services).map(({ image }) => image)).not.toContainEqual(
      expect.stringContaining('auto-setup'),
    );
  });

  test('runs no service as root, and lets none gain privileges', () => {
    for (const [name, { user, cap_drop, security_opt }] of Object.entries(services)) {
      expect(user, name).toMatch(/^([1-9]\d*:[1-9]\d*|postgres)$/);
      expect(cap_drop, name).toEqual(['ALL']);
      expect(security_opt, name).toEqual(['no-new-privileges:true']);
    }
  });

  test('publishes only the API and the proxy of the Web UI, both on loopback', () => {
    const published = Object.entries(services).filter(([, { ports }]) => ports.length > 0);
    expect(published.map(([name]) => name).toSorted()).toEqual(['api', 'web-ui']);
    for (const port of published.flatMap(([, { ports }]) => ports)) {
      expect(typeof port === 'string' ? port.split(':')[0] : port.host_ip).toBe('127.0.0.1');
    }
  });

  test('keeps PostgreSQL and Temporal on internal networks, and all other services off that of the database', () => {
    const internal = (name: string): boolean => networks[name]?.internal === true;
    for (const name of ['postgresql', 'temporal-schema', 'temporal', 'temporal-ui']) {
      expect(Object.keys(get(name).networks).every(internal), name).toBe(true);
    }
    const onDatabase = Object.keys(services).filter((name) => 'database' in get(name).networks);
    expect(onDatabase.toSorted()).toEqual(['postgresql', 'temporal', 'temporal-schema']);
  });

  test('starts each service when the ones it needs are ready: database, schema, server, namespace', () => {
    const order = ['temporal-schema', 'temporal', 'setup', 'api', 'worker'].map((name) => [
      name,
      ...Object.entries(get(name).depends_on).flatMap(([needed, { condition }]) => [needed, condition]),
    ]);
    expect(order).toEqual([
      ['temporal-schema', 'postgresql', 'service_healthy'],
      ['temporal', 'temporal-schema', 'service_completed_successfully'],
      ['setup', 'temporal', 'service_started'],
      ['api', 'setup', 'service_completed_successfully'],
      ['worker', 'setup', 'service_completed_successfully'],
    ]);
  });

  test('checks the health of no image but those of PostgreSQL and Taskbell: others have nothing to check it with', () => {
    const checked = Object.keys(services).filter((name) => get(name).healthcheck !== undefined);
    expect(checked.toSorted()).toEqual(['api', 'postgresql']);
  });

  test('lets Temporal sign in to the database as a role that is no superuser', () => {
    const init = readFileSync('deploy/postgresql/init.sh', 'utf8');
    expect(init).toMatch(/^CREATE ROLE temporal LOGIN PASSWORD :'password';$/m);
    expect(init).toMatch(/^ALTER ROLE CURRENT_USER PASSWORD NULL;$/m);
    expect(get('postgresql').environment).not.toHaveProperty('POSTGRES_USER');
    expect(get('temporal').environment['POSTGRES_USER']).toBe('temporal');
    expect(get('temporal-schema').environment['SQL_USER']).toBe('temporal');
  });

  test('gives the API and the worker the same task modules, and the variables of handlers to the worker alone', () => {
    const own = { TASKBELL_TASK_MODULES: './tasks/greet.mjs', TASKBELL_TASKS_ENV: join(folder, 'tasks.env') };
    writeFileSync(own.TASKBELL_TASKS_ENV, 'TASK_SMTP=smtp.internal\n');
    const { services } = parsedProject(own);
    for (const name of ['api', 'worker']) {
      expect(services[name]?.environment['TASKBELL_TASK_MODULES'], name).toBe('./tasks/greet.mjs');
      expect(JSON.stringify(services[name]?.volumes), name).toContain('/app/tasks');
    }
    expect(services['worker']?.environment['TASK_SMTP']).toBe('smtp.internal');
    expect(services['api']?.environment).not.toHaveProperty('TASK_SMTP');
  });

  test('gives the secrets of tasks to the worker alone, and the accounts to the API alone', () => {
    const atHome = (name: string) =>
      JSON.stringify(get(name).volumes.filter((it) => /\/var\/lib\/taskbell/.test(JSON.stringify(it))));
    expect(atHome('worker')).toMatch(/"(source":")?secrets[:"]/);
    expect(atHome('api')).toMatch(/"(source":")?home[:"]/);
    for (const name of ['worker', 'api'])
      expect(get(name).environment['TASKBELL_HOME']).toBe('/var/lib/taskbell');
  });

  test('publishes several APIs on a range of ports', () => {
    expect(compose({ ...secrets, TASKBELL_PORT: '8000-8001' }, '-q')).toMatchObject({
      status: 0,
      stderr: '',
    });
  });

  test.each(roles)(
    'runs %s with the command that is tested natively, on a read-only file system, within limits of memory and processes',
    (role) => {
      const { command, read_only, init, mem_limit, pids_limit, environment } = get(role);
      expect(command).toEqual(commands[role]);
      expect({ read_only, init }).toEqual({ read_only: true, init: true });
      expect(pids_limit).toBeGreaterThan(0);
      const heapMiB = Number(/--max-old-space-size=(\d+)/.exec(environment['NODE_OPTIONS'] ?? '')?.[1] ?? 0);
      expect(mebibytes(mem_limit)).toBeGreaterThan(heapMiB);
    },
  );

  test('runs PostgreSQL on a read-only file system, but for its data, its socket and temporary files', () => {
    const { read_only, tmpfs, volumes } = get('postgresql');
    expect(read_only).toBe(true);
    expect(tmpfs.map((mount) => mount.split(':')[0])).toEqual(['/tmp', '/run/postgresql']);
    expect(JSON.stringify(volumes)).toContain('/var/lib/postgresql/data');
  });

  test('gives a worker enough memory for all its concurrent attempts, as calculated in docs/workers.md', () => {
    const { mem_limit, environment } = get('worker');
    const attempts = Number(environment['TASKBELL_WORKER_CONCURRENCY']);
    const megabytes = Number(environment['TASKBELL_MAX_MEMORY_PER_CHILD_MB']);
    expect(mebibytes(mem_limit)).toBeGreaterThanOrEqual(attempts * 1.5 * megabytes + 100 + 400);
  });

  test('gives a worker enough time to end its attempts before it is killed', () => {
    const { stop_grace_period, environment } = get('worker');
    const forceSeconds = 10;
    expect(seconds(stop_grace_period)).toBeGreaterThan(
      Number(environment['TASKBELL_SHUTDOWN_GRACE']) + forceSeconds,
    );
  });

  test('gives the Temporal server the dynamic configuration of the embedded one', () => {
    const file = readFileSync('deploy/temporal/dynamicconfig.yaml', 'utf8');
    const entries = [...file.matchAll(/^([\w.]+):\n {2}- value: (.+)$/gm)].map(
      ([, key, value]) => `${key}=${value?.replaceAll("'", '"')}`,
    );
    const flags = { host: '', port: 0, webUi: undefined, metricsPort: 0, namespace: '', databaseFile: '' };
    const args = serverArguments(flags);
    const embedded = args.filter((_, i) => args[i - 1] === '--dynamic-config-value');
    expect(embedded.length).toBeGreaterThan(5);
    // The sizes of its caches suit a server of one shard only.
    const caches = ['history.eventsCacheMaxSizeBytes=4194304', 'history.hostLevelCacheMaxSize=2000'];
    expect([...entries, ...caches].toSorted()).toEqual(embedded.toSorted());
  });

  describe('has commands that, run natively,', () => {
    let children: ChildProcess[] = [];

    afterEach(async () => {
      const left = children.filter((child) => child.exitCode === null && child.signalCode === null);
      for (const child of left) child.kill('SIGKILL');
      await Promise.all(left.map((child) => once(child, 'exit')));
      children = [];
    });

    /** Runs a command as its container does, except for addresses and folders. Only PATH is taken from this machine. */
    function start(role: Role, command: readonly string[] = commands[role]) {
      if (!existsSync(main)) throw new Error('dist is missing: `npm run build`');
      const child = spawn(process.execPath, command.slice(1), {
        env: {
          PATH: process.env['PATH'],
          ...get(role).environment,
          TEMPORAL_ADDRESS: inject('temporal').address,
          TASKBELL_HOME: folder,
          TASKBELL_DATA_DIR: folder,
          HOST: '127.0.0.1',
          PORT: '0',
          TASKBELL_TEMPORAL_UI_PORT: '0',
        },
      });
      children.push(child);
      let output = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
      const ended = once(child, 'close').then(() => child.exitCode);
      return { child, ended, output: () => output };
    }

    test('set up the namespace, serve, pass the health check, run a task and stop on SIGTERM', async () => {
      const setup = start('setup');
      expect(await setup.ended, setup.output()).toBe(0);
      expect(setup.output()).toContain('Namespace taskbell is ready');

      const add = ['users', 'add', 'alice', '--password-stdin', '--admin'];
      const users = start('api', ['node', main, ...add]);
      users.child.stdin.end('a good long password');
      expect(await users.ended, users.output()).toBe(0);

      const [api, worker] = [start('api'), start('worker')];
      const url = await waitFor('the API to serve', () => /"urls":\["([^"]+)"/.exec(api.output())?.[1]);
      await waitFor('a worker to be ready', async () =>
        /"workers":1\b/.test(await (await fetch(`${url}/readyz`)).text()),
      );
      expect(checkHealth(url)).toBe(0);

      const headers = { 'content-type': 'application/json' };
      const signIn = { username: 'alice', password: 'a good long password' };
      const { access } = z
        .object({ access: z.string() })
        .parse(await post(`${url}/api/token/`, signIn, headers));
      const authorized = { ...headers, authorization: `Bearer ${access}` };
      const { id } = z
        .object({ id: z.string() })
        .parse(await post(`${url}/api/tasks/`, { name: 'From a container', delay: 0 }, authorized));
      await waitFor('the task to complete', async () => {
        const response = await fetch(`${url}/api/tasks/${id}/`, { headers: authorized });
        return /"status":"COMPLETED"/.test(await response.text());
      });

      for (const { child } of [worker, api]) child.kill('SIGTERM');
      expect([await worker.ended, await api.ended], worker.output() + api.output()).toEqual([0, 0]);
      expect(checkHealth(url)).toBe(1);
    });

    test('keep web pages out of the Web UI', async () => {
      const webUi = createServer((_request, response) => response.end('the Web UI')).listen(0, '127.0.0.1');
      await once(webUi, 'listening');
      onTestFinished(() => void webUi.close());
      const { port } = webUi.address() as AddressInfo;
      const [target] = commands['web-ui'].slice(-1);
      const here = commands['web-ui'].map((arg) => (arg === target ? `http://127.0.0.1:${port}` : arg));
      const proxy = start('web-ui', here);
      const url = await waitFor('the proxy to listen', () => /"url":"([^"]+)"/.exec(proxy.output())?.[1]);
      const place = { host: '127.0.0.1', port: Number(new URL(url).port) };
      const ask = (name: string) => sendRaw(place, { headers: { host: `${name}:${place.port}` } });
      expect(await ask('localhost')).toEqual({ status: 200, body: 'the Web UI' });
      expect(await ask('evil.test')).toMatchObject({ status: 403 });
      proxy.child.kill('SIGTERM');
      expect(await proxy.ended, proxy.output()).toBe(0);
    });

    /** Runs the container's own health check against this address. @returns its exit code. */
    function checkHealth(url: string): number | null {
      const [, , ...args] = get('api').healthcheck?.test ?? [];
      const here = args.map((arg) => arg.replace('http://127.0.0.1:8000', url));
      expect(here.join(' ')).toContain(`${url}/readyz`);
      return spawnSync(process.execPath, here, { timeout: 20_000 }).status;
    }
  });
});

describe('Dockerfile', () => {
  const lines = readFileSync('Dockerfile', 'utf8').split('\n');
  const rest = (instruction: string): string[] =>
    lines
      .filter((line) => line.startsWith(`${instruction} `))
      .map((line) => line.slice(instruction.length + 1));

  test('builds from one exact Debian image, and runs as a user other than root', () => {
    const image = rest('ARG')[0]?.split('=')[1];
    expect(image).toMatch(exactTag);
    expect(image).toMatch(/-slim$/);
    expect(new Set(rest('FROM').map((from) => from.split(' ')[0]))).toEqual(new Set(['${NODE_IMAGE}']));
    expect(rest('USER')).toEqual(['1000:1000']);
    expect(lines.lastIndexOf('USER 1000:1000')).toBeGreaterThan(
      lines.findLastIndex((it) => it.startsWith('RUN')),
    );
    expect(rest('CMD')).toEqual([JSON.stringify(commands.api).replaceAll(',', ', ')]);
  });

  test('copies exactly what .dockerignore lets through', () => {
    const copied = rest('COPY')
      .filter((line) => !line.startsWith('--from'))
      .flatMap((line) => line.split(' ').slice(0, -1));
    const ignore = readFileSync('.dockerignore', 'utf8').split('\n');
    expect(ignore).toContain('*');
    const allowed = ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    expect(new Set(copied)).toEqual(new Set(allowed));
    for (const path of allowed) expect(existsSync(resolve(path)), path).toBe(true);
  });
});

/** An image with an exact version; `16` or `latest` could be another image tomorrow. */
const exactTag = /^[a-z/-]+:\d+\.\d+[\w.-]*$/;

function mebibytes(text = '0'): number {
  const [, number, unit = ''] = /^(\d+)([mg]?)$/.exec(text) ?? [];
  return Number(number) * ({ '': 1 / 1024 ** 2, m: 1, g: 1024 }[unit] ?? Number.NaN);
}

/** "60s", "1m0s" */
function seconds(text: string): number {
  const [, m = '0', s = '0'] = /^(?:(\d+)m)?(?:(\d+)s)?$/.exec(text) ?? [];
  return Number(m) * 60 + Number(s);
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

async function post(url: string, body: object, headers: Record<string, string>): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(response.ok, `${url}: ${response.status}`).toBe(true);
  return await response.json();
}
