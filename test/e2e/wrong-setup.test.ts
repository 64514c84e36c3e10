/** Commands that cannot start, run as from a shell. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { RoleFatalError, startRole } from '../../src/processes/role.ts';
import { jwtSecret } from '../support/service.ts';
import { startTaskbell } from '../support/taskbell.ts';

/** Runs a command with this environment. @returns what it printed on standard error, and its exit code. */
async function run(command: string, environment: Record<string, string> = {}) {
  const home = await makeFolder();
  const taskbell = startTaskbell([command], {
    TASKBELL_HOME: home,
    TASKBELL_JWT_SECRET: jwtSecret,
    // Nothing listens there.
    TEMPORAL_ADDRESS: '127.0.0.1:9',
    HOST: '127.0.0.1',
    PORT: '0',
    ...environment,
  });
  const code = await taskbell.exitCode();
  return { errors: taskbell.errors(), code };
}

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'taskbell-setup-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test.each(['api', 'worker'])('`taskbell %s` says in one line which task module is wrong', async (command) => {
  const module = join(await makeFolder(), 'own.mjs');
  await writeFile(module, 'throw new Error("no database");');
  expect(await run(command, { TASKBELL_TASK_MODULES: module })).toEqual({
    errors: `TASKBELL_TASK_MODULES: Task module "${module}": it cannot be loaded: no database\n`,
    code: 1,
  });
});

test.each([
  ['api', 'PORT'],
  ['api', 'TASKBELL_WS_PORT'],
  ['api', 'TASKBELL_METRICS_PORT'],
  ['worker', 'TASKBELL_METRICS_PORT'],
])('`taskbell %s` says in one line that %s is in use, and ends', async (command, variable) => {
  const occupier = createServer().listen(0, '127.0.0.1');
  await once(occupier, 'listening');
  onTestFinished(() => void occupier.close());
  const { port } = occupier.address() as AddressInfo;
  const { errors, code } = await run(command, { [variable]: String(port) });
  expect(errors).toContain(
    `Port ${port} on 127.0.0.1 is in use. Stop what uses it, or set ${variable} to another port.`,
  );
  expect(errors).not.toContain(' at ');
  expect(code).toBe(1);
});

test('a variable that is misspelt stops every command, and is named', async () => {
  const { errors, code } = await run('worker', { TASKBELL_WORKER_CONCURENCY: '5' });
  expect(errors).toBe(
    'TASKBELL_WORKER_CONCURENCY: there is no such variable; did you mean TASKBELL_WORKER_CONCURRENCY?\n',
  );
  expect(code).toBe(1);
});

test.each([
  // Nothing listens there.
  ['127.0.0.1:9', 'Connection refused'],
  ['https://127.0.0.1:9', expect.stringContaining('Invalid address')],
])(
  '`taskbell worker` says in one line that Temporal cannot be reached at %s, and ends',
  async (address, why) => {
    const { errors, code } = await run('worker', { TEMPORAL_ADDRESS: address });
    const line = /^Temporal at (.*) can't be reached: (.*)\. Check TEMPORAL_ADDRESS and its credentials\.\n$/;
    expect(line.exec(errors)?.slice(1), errors).toEqual([address, why]);
    expect(code).toBe(1);
  },
);

test('a worker that cannot reach Temporal does not report to `taskbell up` that this is final', async () => {
  const environment = { TASKBELL_HOME: await makeFolder(), TEMPORAL_ADDRESS: '127.0.0.1:9' };
  const entry = resolve('dist/src/cli/main.js');
  const { signal } = new AbortController();
  const starting = startRole({ name: 'worker', entry, environment, stopMs: 1000, force: signal }, signal);
  const error: unknown = await starting.catch((error: unknown) => error);
  expect(error).not.toBeInstanceOf(RoleFatalError);
  expect(error).toMatchObject({ message: 'it ended before it was ready: exit code 1' });
});
