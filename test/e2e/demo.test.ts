import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import { waitFor } from '../support/wait-for.ts';

// Each demo shows tasks for ten seconds. The first one also starts a Temporal server, a worker and an API.
vi.setConfig({ testTimeout: 150_000 });

interface Running {
  readonly child: ChildProcess;
  output(): string;
  exitCode(): Promise<number | null>;
}

function run(script: readonly string[], environment: Record<string, string>): Running {
  const child = spawn(process.execPath, script, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const closed = once(child, 'close');
  return {
    child,
    output: () => output,
    async exitCode() {
      await closed;
      return child.exitCode;
    },
  };
}

function runDemo(environment: Record<string, string>): Running {
  return run(['scripts/demo.mjs'], environment);
}

/** Checks the exit code together with the output, which shows the reason for a wrong code. */
async function expectExit(demo: Running, code: number): Promise<void> {
  const got = await demo.exitCode();
  expect({ code: got, output: demo.output() }).toMatchObject({ code });
}

/** Reads how each task ended from the last lines: "Due in an hour, then cancelled" → "CANCELLED". */
function endings(output: string): Record<string, string> {
  const lines = output.matchAll(/^ {2}(\S.*): ([A-Z]+)$/gm);
  return Object.fromEntries(Array.from(lines, ([, name = '', word = '']) => [name, word]));
}

const allFive = {
  'Summarise a year of weather': 'COMPLETED',
  'Ask a server for a forecast': 'COMPLETED',
  'Call a server that fails twice': 'COMPLETED',
  'Due in an hour, then cancelled': 'CANCELLED',
  'Due in 30 minutes, then moved up': 'COMPLETED',
};

test('without a running service, the demo starts its own, shows all five tasks until they end, and leaves nothing behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'taskbell-demo-test-'));
  const [port = 0] = await freePorts(1);
  // A Temporal server and a secret of another service, which the demo must not use.
  const foreign = { TEMPORAL_ADDRESS: '127.0.0.1:9', TASKBELL_JWT_SECRET: 'x'.repeat(32) };
  const demo = runDemo({
    TMPDIR: folder,
    TASKBELL_HOME: join(folder, 'home'),
    PORT: String(port),
    ...foreign,
  });
  await expectExit(demo, 0);
  expect(endings(demo.output())).toEqual(allFive);
  expect(demo.output()).toMatch(/365 days: highs 17\.4 °C on average/);
  expect(demo.output()).toMatch(/took [\d.]+ s after 3 attempts/);
  expect(demo.output()).toContain('All ended as they should.');
  expect(await readdir(folder)).toEqual([]);
  await rm(folder, { recursive: true });
});

describe('with a running service,', () => {
  let home: string;
  let environment: Record<string, string>;
  let target: string;
  let service: Running;
  let api: (path: string, body?: object) => Promise<unknown>;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'taskbell-demo-test-'));
    const [port = 0, targetPort = 0] = await freePorts(2);
    target = `127.0.0.1:${targetPort}`;
    const { address, namespace } = inject('temporal');
    environment = { TASKBELL_HOME: home, PORT: String(port) };
    service = run(['scripts/start.mjs', 'up'], {
      ...environment,
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: namespace,
      TASKBELL_JWT_SECRET: 'a secret of at least 32 characters',
      TASKBELL_TASK_QUEUE: 'demo-test',
      TASKBELL_HTTP_ALLOW_HOSTS: target,
      TASKBELL_TASK_MODULES: './examples/greet.mjs',
    });
    await waitFor('the service to start', () => {
      if (service.child.exitCode !== null) throw new Error(`The service ended:\n${service.output()}`);
      return service.output().includes('Ctrl-C stops it');
    });
    const password = / password (\S+)/.exec(service.output())?.[1] ?? '';
    api = createApi(`http://127.0.0.1:${port}/api`, password);
  });

  afterAll(async () => {
    service.child.kill('SIGTERM');
    await service.exitCode();
    await rm(home, { recursive: true });
  });

  async function users(): Promise<{ id: string; name: string }[]> {
    const file = JSON.parse(await readFile(join(home, 'users.json'), 'utf8')) as {
      users: { id: string; name: string }[];
    };
    return file.users;
  }

  async function userNames(): Promise<string[]> {
    return (await users()).map(({ name }) => name);
  }

  test('the demo shows all five tasks on it, and removes the user that it added', async () => {
    const demo = runDemo({ ...environment, TASKBELL_HTTP_ALLOW_HOSTS: target });
    await expectExit(demo, 0);
    expect(endings(demo.output())).toEqual(allFive);
    const address = `http://127.0.0.1:${environment['PORT']}`;
    expect(demo.output().match(new RegExp(`${address}/api/tasks/[0-9a-f-]{36}/$`, 'gm'))).toHaveLength(5);
    expect(await userNames()).toEqual(['admin']);
  });

  test('the demo shows its other tasks if the service rejects an address, and says how to allow it', async () => {
    const [elsewhere = 0] = await freePorts(1);
    const demo = runDemo({ ...environment, TASKBELL_HTTP_ALLOW_HOSTS: `127.0.0.1:${elsewhere}` });
    await expectExit(demo, 0);
    expect(endings(demo.output())).toEqual({
      'Summarise a year of weather': 'COMPLETED',
      'Ask a server for a forecast': 'REJECTED',
      'Call a host that does not exist': 'FAILED',
      'Due in an hour, then cancelled': 'CANCELLED',
      'Due in 30 minutes, then moved up': 'COMPLETED',
    });
    expect(demo.output()).toContain(
      `start the service with TASKBELL_HTTP_ALLOW_HOSTS=127.0.0.1:${elsewhere}`,
    );
  });

  test('the demo cancels its tasks and removes its user on Ctrl-C', async () => {
    const demo = runDemo({ ...environment, TASKBELL_HTTP_ALLOW_HOSTS: target });
    await waitFor('the tasks to be shown', () => /moved up +SCHEDULED/.test(demo.output()));
    const user = (await users()).find(({ name }) => name !== 'admin');
    demo.child.kill('SIGINT');
    await expectExit(demo, 130);
    expect(user?.name).toMatch(/^demo-/);
    expect(await userNames()).toEqual(['admin']);
    // Lists can lag by two seconds.
    await waitFor('the tasks to be cancelled', async () => {
      // An admin sees the tasks of all users, and other tests share this Temporal server.
      const tasks = (await api('/tasks/?limit=100')) as { status: string; owner: string }[];
      const theirs = tasks.filter(({ owner }) => owner === user?.id);
      return theirs.every(({ status }) => ['COMPLETED', 'FAILED', 'CANCELLED'].includes(status));
    });
  });

  test('the demo exits with code 1 if it finds no users file, and says what to do', async () => {
    const demo = runDemo({ ...environment, TASKBELL_HOME: join(home, 'another') });
    expect(await demo.exitCode()).toBe(1);
    expect(demo.output()).toBe(
      `There is no users file in ${join(home, 'another')}, where the demo would add a temporary user.\n` +
        `Set TASKBELL_HOME to the service's folder, or sign in as one of its users: npm run demo -- --user NAME --password-stdin\n`,
    );
  });

  test('the task type of examples/greet.mjs runs', async () => {
    const task = { name: 'Hello', type: 'greet', payload: { who: 'world' }, delay: 0 };
    const { id } = (await api('/tasks/', task)) as { id: string };
    const ended = await waitFor('its end', async () => {
      const { status, result } = (await api(`/tasks/${id}/`)) as { status: string; result: unknown };
      return status === 'COMPLETED' && { result };
    });
    expect(ended.result).toEqual({ greeting: 'Hello, world', attempt: 1 });
  });
});

/** Returns a function that calls the API as the admin. */
function createApi(url: string, password: string): (path: string, body?: object) => Promise<unknown> {
  const call = async (
    path: string,
    body: object | undefined,
    headers: Record<string, string>,
  ): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  };
  return async (path, body) => {
    const credentials = { username: 'admin', password };
    const { access } = (await call('/token/', credentials, {})) as { access: string };
    return call(path, body, { Authorization: `Bearer ${access}` });
  };
}
