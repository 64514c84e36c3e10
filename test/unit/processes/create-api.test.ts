import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { ensureFirstUser } from '../../../src/processes/accounts.ts';
import { createApi } from '../../../src/processes/create-api.ts';
import { recordTelemetry } from '../../support/telemetry.ts';
import { readConfig } from '../../../src/config.ts';

const logger = pino({ level: 'silent' });

/** Returns a home folder with an admin, and a folder with the pages of a build. */
async function makeFolders() {
  const folder = await mkdtemp(join(tmpdir(), 'taskbell-api-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const build = join(folder, 'build');
  for (const name of ['docs', 'dashboard']) {
    await mkdir(join(build, name), { recursive: true });
    await writeFile(join(build, name, 'index.html'), `<title>${name}</title>`);
  }
  const admin = await ensureFirstUser(folder);
  return { home: folder, build, password: admin?.password ?? '' };
}

function configOf(home: string, changes: Record<string, string> = {}) {
  return readConfig({
    TASKBELL_HOME: home,
    TASKBELL_JWT_SECRET: 'a secret of at least 32 characters',
    // Nothing listens there.
    TEMPORAL_ADDRESS: '127.0.0.1:9',
    ...changes,
  });
}

test('the API answers requests in process, without a port and without Temporal', async () => {
  const { home, build, password } = await makeFolders();
  const api = await createApi(configOf(home), logger, { buildFolder: build });
  onTestFinished(async () => {
    await api.closeFeeds();
    await api.close();
  });
  // The empty object stands for what a port would know about the connection.
  const request = (path: string, init: RequestInit = {}) => api.app.request(path, init, {});
  expect((await request('/healthz')).status).toBe(200);
  expect((await request('/api/tasks/')).status).toBe(401);
  expect(await (await request('/')).text()).toBe('<title>dashboard</title>');
  const signedIn = await request('/api/token/', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password }),
  });
  const { access } = (await signedIn.json()) as { access: string };
  const headers = { Authorization: `Bearer ${access}` };
  expect((await request('/api/task-types/', { headers })).status).toBe(200);
});

test('the API counts the requests that it rejects because an account has sent too many', async () => {
  const { home, build, password } = await makeFolders();
  const telemetry = recordTelemetry();
  const config = configOf(home, { TASKBELL_RATE_LIMIT: '1' });
  const api = await createApi(config, logger, { buildFolder: build, telemetry });
  onTestFinished(async () => {
    await api.closeFeeds();
    await api.close();
  });
  const signedIn = await api.app.request(
    '/api/token/',
    {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ username: 'admin', password }),
    },
    {},
  );
  const { access } = (await signedIn.json()) as { access: string };
  const headers = { Authorization: `Bearer ${access}` };
  const list = async () => (await api.app.request('/api/task-types/', { headers }, {})).status;
  expect([await list(), await list()]).toEqual([200, 429]);
  const limited = telemetry.measurements.filter(({ name }) => name === 'taskbell_rate_limited_total');
  expect(limited.map(({ labels }) => labels)).toEqual([{ why: 'requests' }]);
  const routes = telemetry.measurements.filter(({ name }) => name === 'taskbell_http_requests_total');
  expect(routes.map(({ labels }) => [labels['route'], labels['status']])).toEqual([
    ['/api/token', '200'],
    ['/api/task-types', '200'],
    ['/api/task-types', '429'],
  ]);
});

test('the API measures nothing once it is closed: its gauges ask Temporal and feeds', async () => {
  const { home, build } = await makeFolders();
  const telemetry = recordTelemetry();
  const api = await createApi(configOf(home), logger, { buildFolder: build, telemetry });
  await api.closeFeeds();
  await api.close();
  expect(await telemetry.gauges()).toEqual([]);
});

test('the API has metrics on its own port only with a token, for those who have it', async () => {
  const { home, build } = await makeFolders();
  const token = 'f'.repeat(32);
  const page = async () => ({ type: 'text/plain; version=0.0.4', text: 'a_total 1\n' });
  const start = async (changes: Record<string, string>) => {
    const api = await createApi(configOf(home, changes), logger, { buildFolder: build, page });
    onTestFinished(async () => {
      await api.closeFeeds();
      await api.close();
    });
    return async (authorization?: string) => {
      const headers = authorization === undefined ? {} : { Authorization: authorization };
      return api.app.request('/metrics', { headers }, {});
    };
  };
  const request = await start({ TASKBELL_METRICS_TOKEN: token });
  const allowed = await request(`Bearer ${token}`);
  expect([allowed.status, await allowed.text()]).toEqual([200, 'a_total 1\n']);
  expect(allowed.headers.get('content-type')).toBe('text/plain; version=0.0.4');
  const wrong = [
    undefined,
    'Bearer ',
    `Bearer ${token}x`,
    `Basic ${token}`,
    token,
    `Bearer ${'e'.repeat(32)}`,
  ];
  for (const authorization of wrong) expect((await request(authorization)).status, authorization).toBe(404);
  const without = await start({});
  expect((await without(`Bearer ${token}`)).status).toBe(404);
  expect((await without('Bearer undefined')).status).toBe(404);
});

test.each([
  ['the secret', { TASKBELL_JWT_SECRET: '' }, 'TASKBELL_JWT_SECRET: must be set'],
  ['the address of Temporal', { TEMPORAL_ADDRESS: '' }, 'TEMPORAL_ADDRESS: must be set'],
])(
  'the API is not composed without %s, and the error names the variable',
  async (_what, changes, message) => {
    const { home, build } = await makeFolders();
    await expect(createApi(configOf(home, changes), logger, { buildFolder: build })).rejects.toThrow(message);
  },
);

test.each([
  ['throws while it is loaded', 'throw new Error("no\\ndatabase");', 'it cannot be loaded: no database'],
  ['has a type that exists already', taskTypeCode('http-request'), 'two task types called "http-request"'],
])('the API is not composed if a task module %s, and the error is one line', async (_what, code, why) => {
  const { home, build } = await makeFolders();
  const module = join(home, 'own.mjs');
  await writeFile(module, code);
  const config = configOf(home, { TASKBELL_TASK_MODULES: module });
  const error: unknown = await createApi(config, logger, { buildFolder: build }).catch(String);
  expect(error).toMatch(/^ConfigError: TASKBELL_TASK_MODULES: .*$/);
  expect(error).toContain(why);
});

function taskTypeCode(name: string): string {
  const zod = import.meta.resolve('zod');
  return `import { z } from '${zod}';
    export default { name: '${name}', description: '', payload: z.unknown(), run: async () => null };`;
}
