import { createServer, type AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { createClient } from '../../src/client/index.ts';
import { type Overview, overview as schema } from '../../src/contract/overview.ts';
import type { Task } from '../../src/contract/task.ts';
import { type Caller, createCaller } from '../support/caller.ts';
import { waitFor } from '../support/wait-for.ts';
import { anonymously, useService } from '../support/service.ts';
import { hasEnded } from '../support/task.ts';

const service = useService({ environment: { TASKBELL_WORKER_CONCURRENCY: '1' } });
/** A worker that was killed before the tests. */
let killed: { readonly identity: string; readonly at: number };

beforeAll(async () => {
  const { pid } = await service.startWorker();
  const identity = identityOf(pid);
  const alice = await service.as('alice');
  await waitFor('a heartbeat of the worker', async () => hasHeartbeat(await overviewOf(alice), identity));
  process.kill(pid, 'SIGKILL');
  killed = { identity, at: Date.now() };
});

const identityOf = (pid: number): string => `${pid}@${hostname()}`;
const workerIn = ({ workers }: Overview, identity: string) =>
  workers.find((worker) => worker.identity === identity);
const hasHeartbeat = (overview: Overview, identity: string): boolean => {
  const attempts = workerIn(overview, identity)?.attempts;
  return attempts !== undefined && attempts !== null;
};

async function overviewOf(caller: Caller, query = ''): Promise<Overview> {
  const { status, body } = await caller.call<Overview>('GET', `/api/overview/${query}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

/** Reads the overview until it is as expected. */
function overviewWith(
  caller: Caller,
  what: string,
  expected: (overview: Overview) => boolean,
  query = '',
): Promise<Overview> {
  return waitFor(what, async () => {
    const overview = await overviewOf(caller, query);
    return expected(overview) && overview;
  });
}

const sum = ({ buckets }: Overview) => ({
  completed: buckets.reduce((total, { completed }) => total + completed, 0),
  failed: buckets.reduce((total, { failed }) => total + failed, 0),
  cancelled: buckets.reduce((total, { cancelled }) => total + cancelled, 0),
});

const ended = (overview: Overview): number =>
  Object.values(sum(overview)).reduce((total, count) => total + count);

const nothing = { completed: 0, failed: 0, cancelled: 0 };

async function run(caller: Caller, task: Record<string, unknown>): Promise<Task> {
  const { id } = await caller.create({ name: 'n', delay: 0, ...task });
  return caller.until(id, 'its end', hasEnded);
}

describe('outcomes', () => {
  let owner: Caller;
  const tasks: Task[] = [];

  beforeAll(async () => {
    owner = await service.asNewUser();
    for (let index = 0; index < 3; index += 1) tasks.push(await run(owner, { type: 'echo' }));
    tasks.push(await run(owner, { type: 'hopeless', payload: {} }));
    const { id } = await owner.create({ name: 'n', delay: 3600 });
    await owner.call('POST', `/api/tasks/${id}/cancel/`);
    tasks.push(await owner.until(id, 'its end', hasEnded));
  });

  test('count the runs that ended in each bucket, in every range', async () => {
    for (const [range, count, seconds] of [
      ['hour', 12, 300],
      ['day', 24, 3600],
      ['week', 28, 21_600],
    ] as const) {
      const overview = await overviewWith(
        owner,
        'all outcomes',
        (seen) => ended(seen) === 5,
        `?range=${range}`,
      );
      expect(sum(overview)).toEqual({ completed: 3, failed: 1, cancelled: 1 });
      expect(overview).toMatchObject({ bucket_seconds: seconds });
      expect(overview.buckets).toHaveLength(count);
      for (const [index, bucket] of overview.buckets.entries()) {
        const from = Date.parse(overview.from) + index * seconds * 1000;
        expect(Date.parse(bucket.from)).toBe(from);
        expect(from % (seconds * 1000)).toBe(0);
        const inside = tasks.filter(({ finished_at }) => {
          const at = Date.parse(finished_at ?? '');
          return at >= from && at < from + seconds * 1000;
        });
        const having = (wanted: Task['status']) => inside.filter(({ status }) => status === wanted).length;
        expect(bucket).toMatchObject({
          completed: having('COMPLETED'),
          failed: having('FAILED'),
          cancelled: having('CANCELLED'),
        });
      }
      const to = Date.parse(overview.from) + count * seconds * 1000;
      expect(Date.parse(overview.to)).toBe(to);
      expect(Date.parse(overview.now)).toBeGreaterThanOrEqual(to - seconds * 1000);
      expect(Date.parse(overview.now)).toBeLessThan(to);
    }
  });

  test('are those of the caller; an admin gets those of all users, or of the given owner', async () => {
    await overviewWith(owner, 'all outcomes', (seen) => ended(seen) === 5);
    const other = await service.asNewUser();
    expect(sum(await overviewOf(other))).toEqual(nothing);
    const query = `?owner=${tasks[0]?.owner}`;
    expect(await other.call('GET', `/api/overview/${query}`)).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
    expect(sum(await overviewOf(owner, query))).toEqual({ completed: 3, failed: 1, cancelled: 1 });
    const root = await service.as('root');
    expect(sum(await overviewOf(root, query))).toEqual({ completed: 3, failed: 1, cancelled: 1 });
    expect(sum(await overviewOf(root, '?owner=unknown'))).toEqual(nothing);
    await run(other, { type: 'echo' });
    const { completed } = sum(await overviewWith(other, 'its own outcome', (seen) => ended(seen) === 1));
    expect(completed).toBe(1);
    await overviewWith(
      root,
      'the outcomes of both users',
      (seen) => sum(seen).completed >= 4 && sum(seen).failed >= 1,
    );
  });

  test('include the earlier runs of a retried task', async () => {
    const retrier = await service.asNewUser();
    const { id } = await run(retrier, { type: 'hopeless', payload: {} });
    await retrier.call('POST', `/api/tasks/${id}/retry/`, undefined, { 'Idempotency-Key': 'again' });
    await retrier.until(id, 'the end of its second run', (task) => task.retry_count === 1 && hasEnded(task));
    const overview = await overviewWith(retrier, 'both ends', (seen) => sum(seen).failed === 2);
    expect(sum(overview)).toEqual({ completed: 0, failed: 2, cancelled: 0 });
  });

  test('of more than one page are exact, with the lateness of a random sample if more than 80 have run', async () => {
    const busy = await service.asNewUser();
    const many = Array.from({ length: 90 }, () => ({ name: 'n', type: 'echo', delay: 0, payload: {} }));
    await busy.call('POST', '/api/tasks/bulk/', { tasks: many });
    const overview = await overviewWith(busy, 'all outcomes', (seen) => ended(seen) === 90);
    for (const { completed, lateness } of overview.buckets) {
      const { count, sampled } = lateness ?? { count: 0, sampled: false };
      expect({ isWhole: count === completed, sampled }).toEqual({
        isWhole: completed <= 80,
        sampled: completed > 80,
      });
      expect(count).toBeLessThanOrEqual(80);
    }
  });
});

describe('lateness', () => {
  const only = ({ buckets }: Overview) => buckets.map(({ lateness }) => lateness).filter((one) => one);

  test('is how long tasks waited for a worker, and leaves out tasks that never started', async () => {
    const owner = await service.asNewUser();
    const first = await owner.create({
      name: 'takes the only slot',
      type: 'slow',
      delay: 0,
      payload: { steps: 1, step_ms: 2500 },
    });
    await owner.until(first.id, 'its start', ({ status }) => status === 'RUNNING');
    const second = await owner.create({ name: 'waits', type: 'echo', delay: 0 });
    const { id } = await owner.create({ name: 'never starts', delay: 3600 });
    await owner.call('POST', `/api/tasks/${id}/cancel/`);
    const waits = await Promise.all(
      [first, second].map(async (task) => {
        const { started_at, scheduled_time } = await owner.until(task.id, 'its end', hasEnded);
        return (Date.parse(started_at ?? '') - Date.parse(scheduled_time)) / 1000;
      }),
    );
    const overview = await overviewWith(owner, 'all outcomes', (seen) => ended(seen) === 3);
    const [most = 0] = waits.toSorted((a, b) => b - a);
    expect(most).toBeGreaterThan(0.5);
    expect(Math.max(...only(overview).map((one) => one?.max ?? 0))).toBe(most);
    expect(only(overview).reduce((count, one) => count + (one?.count ?? 0), 0)).toBe(2);
  });

  test('is 0, not negative, for a task that run-now started before its scheduled time', async () => {
    const owner = await service.asNewUser();
    const { id } = await owner.create({ name: 'early', type: 'echo', delay: 3600 });
    await owner.call('POST', `/api/tasks/${id}/run-now/`);
    await owner.until(id, 'its end', hasEnded);
    const overview = await overviewWith(owner, 'its outcome', (seen) => ended(seen) === 1);
    expect(only(overview)).toEqual([{ count: 1, sampled: false, p50: 0, p95: 0, max: 0 }]);
  });
});

test.each([3, 101])(
  'the overview counts %i tasks due within the hour by their due time, and no later ones',
  async (each) => {
    const owner = await service.asNewUser();
    const at = (seconds: number, count: number) =>
      Array.from({ length: count }, () => ({ name: 'n', delay: seconds }));
    const tasks = [...at(150, each), ...at(1350, 2), ...at(3450, 1), ...at(4000, 4)];
    await owner.call('POST', '/api/tasks/bulk/', { tasks });
    const { id } = await owner.create({ name: 'n', delay: 450 });
    await owner.call('POST', `/api/tasks/${id}/pause/`);
    const { due } = await overviewWith(owner, 'all due tasks', (seen) => seen.due.total >= each + 4);
    expect(due).toMatchObject({
      bucket_seconds: 300,
      counts: [each, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1],
      total: each + 4,
    });
    expect((await overviewOf(await service.asNewUser())).due.total).toBe(0);
  },
);

describe('workers', () => {
  test('are listed with their used and free slots, and with their failed attempts', async () => {
    const owner = await service.asNewUser();
    const { id } = await owner.create({
      name: 'n',
      type: 'slow',
      delay: 0,
      payload: { steps: 1, step_ms: 60_000 },
    });
    const { attempts } = await owner.until(id, 'its start', ({ status }) => status === 'RUNNING');
    const identity = attempts[0]?.worker ?? '';
    const busy = await overviewWith(
      owner,
      'a slot in use',
      (seen) => workerIn(seen, identity)?.attempts?.used === 1,
    );
    const worker = workerIn(busy, identity);
    expect(worker?.attempts).toMatchObject({ used: 1, available: 0 });
    expect(Date.parse(worker?.started_at ?? '')).toBeLessThan(Date.parse(worker?.last_seen_at ?? ''));
    expect(busy.workers.filter((one) => one.identity === identity)).toHaveLength(1);
    await owner.call('POST', `/api/tasks/${id}/cancel/`);
    const idle = await overviewWith(
      owner,
      'a free slot',
      (seen) => workerIn(seen, identity)?.attempts?.used === 0,
    );
    expect(workerIn(idle, identity)?.attempts?.available).toBe(1);
    const failedBefore = workerIn(idle, identity)?.attempts?.failed ?? 0;
    await run(owner, { type: 'hopeless', payload: {} });
    await overviewWith(
      owner,
      'the failure',
      (seen) => workerIn(seen, identity)?.attempts?.failed === failedBefore + 1,
    );
  });

  test('disappear from the list within 5 s of their stop', async () => {
    const alice = await service.as('alice');
    const worker = await service.startWorker();
    const identity = identityOf(worker.pid);
    await overviewWith(alice, 'the new worker', (seen) => workerIn(seen, identity) !== undefined);
    await overviewWith(alice, 'its heartbeat', (seen) => hasHeartbeat(seen, identity));
    await worker.close();
    await waitFor(
      'the list without it',
      async () => workerIn(await overviewOf(alice), identity) === undefined,
      5000,
    );
    expect((await overviewOf(alice)).workers.length).toBeGreaterThan(0);
  });

  test('disappear from the list within a minute of being killed', { timeout: 90_000 }, async () => {
    const alice = await service.as('alice');
    const left = killed.at + 60_000 - Date.now();
    await waitFor(
      'the list without it',
      async () => workerIn(await overviewOf(alice), killed.identity) === undefined,
      Math.max(left, 0),
    );
    expect((await overviewOf(alice)).workers.length).toBeGreaterThan(0);
  });
});

test('the overview has the version, the namespace and the latency of the Temporal server', async () => {
  const { temporal } = await overviewOf(await service.as('alice'));
  expect(temporal).toMatchObject({ server_version: '1.29.1', namespace: inject('temporal').namespace });
  expect(temporal.latency_ms).toBeGreaterThan(0);
  expect(temporal.latency_ms).toBeLessThan(4000);
});

test('the overview has the documented shape and no other members, and the typed client reads it', async () => {
  const alice = await service.as('alice');
  const answer = await overviewOf(alice, '?range=day');
  expect(schema.strict().parse(answer)).toEqual(answer);
  const client = createClient({ url: service.url, token: alice.token });
  expect(await client.overview({ range: 'day' })).toMatchObject({ bucket_seconds: 3600, to: answer.to });
  expect(await client.overview()).toMatchObject({ bucket_seconds: 300 });
});

test('concurrent requests share one overview', async () => {
  const alice = await service.as('alice');
  const answers = await Promise.all(Array.from({ length: 10 }, () => overviewOf(alice, '?range=week')));
  expect(new Set(answers.map(({ now }) => now)).size).toBe(1);
});

test('the overview is served with and without trailing slash, and covers an hour by default', async () => {
  const alice = await service.as('alice');
  for (const path of ['/api/overview', '/api/overview/', '/api/overview/?range=hour']) {
    const { status, headers, body } = await alice.call<Overview>('GET', path);
    expect({ status, seconds: body.bucket_seconds }).toEqual({ status: 200, seconds: 300 });
    expect(headers.get('RateLimit')).not.toBeNull();
  }
});

test.each(['range=month', 'range=', 'range=hour&range=day', 'owner=', 'owner=a%27b', 'status=FAILED', 'x=1'])(
  'the overview rejects the query %s',
  async (query) => {
    const answer = await (await service.as('alice')).call('GET', `/api/overview/?${query}`);
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'validation', errors: [{ pointer: `?${query.split('=')[0]}` }] },
    });
  },
);

test('the overview needs a sign-in', async () => {
  expect(await anonymously(service, 'GET', '/api/overview/')).toMatchObject({ status: 401 });
});

describe('while Temporal', () => {
  async function rejectionOf(address: string) {
    const { token } = await service.as('alice');
    const api = await service.startApi({ TEMPORAL_ADDRESS: address });
    const startedAt = Date.now();
    const { status, body, headers } = await createCaller(api.url ?? '', token).call('GET', '/api/overview/');
    const tookMs = Date.now() - startedAt;
    await api.close();
    return { status, body, retryAfter: headers.get('Retry-After'), tookMs };
  }

  test('is unreachable, the overview is 503', async () => {
    expect(await rejectionOf('127.0.0.1:9')).toMatchObject({
      status: 503,
      body: { code: 'temporal_unavailable' },
      retryAfter: '5',
    });
  });

  test('accepts connections but never answers, the overview is 503 within five seconds', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    try {
      const { status, tookMs } = await rejectionOf(`127.0.0.1:${port}`);
      expect(status).toBe(503);
      expect(tookMs).toBeLessThan(5000);
    } finally {
      silent.close();
    }
  });
});
