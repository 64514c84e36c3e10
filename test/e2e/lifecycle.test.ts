import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Caller } from '../support/caller.ts';
import { useService } from '../support/service.ts';

/** Requests to the target so far. */
const requests: { url: string; key: string | undefined }[] = [];
/** Responds to /flaky with 503 twice and then with 200, and to /missing always with 404. */
const target = createServer((request, response) => {
  requests.push({ url: request.url ?? '', key: request.headers['idempotency-key']?.toString() });
  const failures = requests.filter(({ url }) => url === '/flaky').length;
  if (request.url === '/flaky' && failures <= 2) response.writeHead(503, { 'Retry-After': '1' }).end('busy');
  else if (request.url === '/missing') response.writeHead(404).end('nothing here');
  else response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"hello":"world"}');
});

let targetHost: string;
let alice: Caller;

beforeAll(async () => {
  await new Promise<void>((done) => target.listen(0, '127.0.0.1', done));
  targetHost = `127.0.0.1:${(target.address() as AddressInfo).port}`;
});
// Hooks run in the order in which they are declared: this one needs the target's address.
const service = useService(() => ({
  environment: {
    TASKBELL_HTTP_ALLOW_HOSTS: targetHost,
    TASKBELL_WORKER_CONCURRENCY: '2',
    TASKBELL_DATA_DIR: resolve('node_modules/vega-datasets'),
  },
}));
beforeAll(async () => {
  alice = await service.as('alice');
});

afterAll(() => target.close());

describe('a task', () => {
  test('is shown to its watcher in the order SCHEDULED, PENDING, RUNNING, COMPLETED, and ends with the result of a real CSV', async () => {
    const csv = await readFile('node_modules/vega-datasets/data/seattle-weather.csv', 'utf8');
    const created = await alice.create({ name: 'weather', delay: 4, payload: { csv } });
    expect(created).toMatchObject({ status: 'SCHEDULED', version: 1, waiting: { reason: 'time' } });

    const feed = await alice.watch(`/ws/tasks/${created.id}/`);
    await feed.until('the end', () => feed.tasks().at(-1)?.status === 'COMPLETED');
    feed.socket.close();

    const statuses = feed.tasks().map(({ status }) => status);
    expect(statuses[0]).toBe('SCHEDULED');
    expect(isInOrder(statuses)).toBe(true);
    const versions = feed.tasks().map(({ version }) => version);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect(statuses.filter((status) => status === 'COMPLETED')).toHaveLength(1);
    const end = feed.tasks().at(-1);
    expect(end?.result).toMatchObject({
      message: 'Data processed successfully',
      rows: csv.trim().split('\n').length - 1,
    });
    expect(Date.parse(end?.started_at ?? '')).toBeGreaterThanOrEqual(Date.parse(created.scheduled_time));
  });

  test('is RUNNING with growing progress while its handler runs', async () => {
    const { id } = await alice.create({
      name: 'slow',
      type: 'slow',
      delay: 0,
      payload: { steps: 12, step_ms: 250 },
    });
    const feed = await alice.watch(`/ws/tasks/${id}/`);
    await feed.until('the end', () => feed.tasks().at(-1)?.status === 'COMPLETED');
    feed.socket.close();

    const running = feed.tasks().filter(({ status }) => status === 'RUNNING');
    const percents = running.map(({ progress }) => progress?.percent ?? 0);
    expect(Math.max(...percents)).toBeGreaterThan(0);
    expect(percents).toEqual(percents.toSorted((a, b) => a - b));
    expect(isInOrder(feed.tasks().map(({ status }) => status))).toBe(true);
  });

  test('without a payload does what it did in the previous service', async () => {
    const { id } = await alice.create({ name: 'plain', delay: 0 });
    const ended = await alice.until(id, 'the end', ({ status }) => status === 'COMPLETED');
    expect(ended).toMatchObject({
      result: { message: 'Data processed successfully' },
      attempt: 1,
      retry_count: 0,
    });
    expect(ended.attempts).toMatchObject([{ attempt: 1, outcome: 'completed', error: null }]);
  });

  test('of type http-request calls a real server, retries on 503 with the same idempotency key, and honours Retry-After', async () => {
    const { id } = await alice.create({
      name: 'flaky call',
      type: 'http-request',
      delay: 0,
      payload: { url: `http://${targetHost}/flaky` },
      retry: { max_retries: 3, initial_interval: 0.1 },
    });
    const ended = await alice.until(id, 'the end', ({ status }) => status === 'COMPLETED');
    expect(ended).toMatchObject({ attempt: 3, retry_count: 2, error_message: null });
    expect(ended.result).toMatchObject({ status: 200, body: '{"hello":"world"}', truncated: false });
    const keys = requests.filter(({ url }) => url === '/flaky').map(({ key }) => key);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    const [first, second] = ended.attempts;
    const gap = Date.parse(second?.started_at ?? '') - Date.parse(first?.finished_at ?? '');
    expect(gap).toBeGreaterThanOrEqual(1000);
  });

  test('ends FAILED after one attempt when the failure is final, and a retry by its owner starts a new run', async () => {
    const { id } = await alice.create({
      name: 'lost',
      type: 'http-request',
      delay: 0,
      payload: { url: `http://${targetHost}/missing` },
    });
    const failed = await alice.until(id, 'its failure', ({ status }) => status === 'FAILED');
    expect(failed).toMatchObject({ attempt: 1, retry_count: 0, result: null });
    expect(failed.error_message).toMatch(/404/);

    const retried = await alice.call('POST', `/api/tasks/${id}/retry/`);
    expect(retried.status).toBe(200);
    expect(retried.body).toMatchObject({ id, retry_count: 1 });
    expect(Number(retried.body['version'])).toBeGreaterThan(failed.version);
    const again = await alice.until(
      id,
      'the second failure',
      (task) => task.status === 'FAILED' && task.retry_count === 1,
    );
    expect(again.version).toBeGreaterThan(failed.version);
  });
});

const order = ['SCHEDULED', 'PENDING', 'RUNNING', 'COMPLETED'];

function isInOrder(statuses: readonly string[]): boolean {
  const ranks = statuses.map((status) => order.indexOf(status));
  return ranks.every((rank, index) => rank >= (ranks[index - 1] ?? 0));
}
