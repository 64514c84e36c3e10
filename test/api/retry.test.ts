import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import type { HistoryEntry } from '../../src/contract/history.ts';
import type { Task } from '../../src/contract/task.ts';
import type { Caller } from '../support/caller.ts';
import { ownTaskService } from '../support/own-task-service.ts';
import { useService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';
import { hasEnded } from '../support/task.ts';

const hour = 3600;

const service = useService();
let alice: Caller;

beforeAll(async () => {
  alice = await service.as('alice');
});

function retry(id: string, body?: object, headers?: Record<string, string>) {
  return alice.call<Task>('POST', `/api/tasks/${id}/retry/`, body, headers);
}

/** Creates a task, and waits until it has failed. */
async function failed(): Promise<Task> {
  const { id } = await alice.create({ name: 'hopeless', type: 'hopeless', delay: 0 });
  return alice.until(id, 'its end', hasEnded);
}

async function runsOf(id: string): Promise<number> {
  const { body } = await alice.call<HistoryEntry[]>('GET', `/api/tasks/${id}/history/?limit=100`);
  return body.filter(({ type }) => type === 'created' || type === 'retried').length;
}

describe('a retry', () => {
  test('is 409 for a task that has the maximum number of runs', async () => {
    const tasks = ownTaskService(service, { maxRuns: 3 });
    const actor = { id: (await failed()).owner, name: 'alice', role: 'user' } as const;
    const { id } = await alice.create({ name: 'often', delay: hour });
    const cancelled = async () => {
      await alice.call('POST', `/api/tasks/${id}/cancel/`);
      await alice.until(id, 'its end', hasEnded);
    };
    const again = () =>
      tasks.retry(actor, id, {
        changes: { delay: hour },
        idempotencyKey: randomUUID(),
        receivedAt: Date.now(),
      });
    for (let run = 1; run < 3; run += 1) {
      await cancelled();
      await again();
    }
    await cancelled();
    // The maximum is counted in lists, which lag.
    await waitFor('the list to show all runs', async () => (await runsOf(id)) === 3);
    await expect(again()).rejects.toMatchObject({
      code: 'wrong_state',
      message: 'Task has 3 runs, the maximum. Create a task to run it again.',
    });
    expect(await runsOf(id)).toBe(3);
  });

  test('can change the fields of the task, but not its type', async () => {
    const { id, version } = await failed();
    const changes = { name: 'another', tags: ['again'], priority: 1, delay: hour, retry: { max_retries: 7 } };
    const { status, body } = await retry(id, changes);
    expect(status).toBe(200);
    expect(body).toMatchObject({ name: 'another', tags: ['again'], priority: 1, status: 'SCHEDULED' });
    expect(body).toMatchObject({ retry_count: 1, max_retries: 7, attempt: 0, error_message: null });
    expect(body.retry.initial_interval).toBe(60);
    expect(body.version).toBeGreaterThan(version);
    expect(Date.parse(body.scheduled_time)).toBeGreaterThan(Date.now() + 3_500_000);
    const other = await failed();
    expect(await retry(other.id, { type: 'echo' })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/type' }] },
    });
  });

  test('accepts the representation of the ended task, and makes it due at once', async () => {
    const task = await failed();
    const before = Date.now();
    const { status, body } = await retry(task.id, task);
    expect(status).toBe(200);
    expect(Date.parse(body.scheduled_time)).toBeGreaterThanOrEqual(before - 2000);
    expect(body).toMatchObject({ name: task.name, payload: task.payload, retry_count: 1 });
  });

  test.each([
    [{ scheduled_time: '2020-01-01T00:00:00Z' }, '/scheduled_time'],
    [{ payload: { what: 1 } }, '/payload/what'],
    [{ priority: 9 }, '/priority'],
    [{ nonsense: 1 }, '/nonsense'],
  ])('with %j is rejected, and starts no run', async (changes, pointer) => {
    const { id } = await failed();
    expect(await retry(id, changes)).toMatchObject({ status: 400, body: { errors: [{ pointer }] } });
    expect(await alice.read(id)).toMatchObject({ status: 'FAILED', retry_count: 0 });
  });

  test('with the ETag of an earlier state is 412', async () => {
    const { id } = await failed();
    const { headers } = await alice.call('GET', `/api/tasks/${id}/`);
    const etag = headers.get('ETag') ?? '';
    expect((await retry(id, undefined, { 'If-Match': etag })).status).toBe(200);
    await alice.until(id, 'the end of its second run', (task) => hasEnded(task) && task.retry_count === 1);
    expect(await retry(id, undefined, { 'If-Match': etag })).toMatchObject({
      status: 412,
      body: { code: 'stale_version' },
    });
    expect(await runsOf(id)).toBe(2);
    // With the ETag of the latest state, a retry is accepted at once.
    const { headers: latest } = await alice.call('GET', `/api/tasks/${id}/`);
    expect((await retry(id, undefined, { 'If-Match': latest.get('ETag') ?? '' })).status).toBe(200);
  });
});

test('a dozen retries within a tenth of a second start one run, even of a task that fails within milliseconds', async () => {
  const { id } = await failed();
  const spread = Array.from({ length: 12 }, async (_, index) => {
    await sleep(index * 8);
    return retry(id);
  });
  const answers = await Promise.all(spread);
  for (const { status, body } of answers) {
    expect(status === 409 || body.retry_count === 1, `${status} ${JSON.stringify(body)}`).toBe(true);
  }
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
  for (const { body } of answers.filter(({ status }) => status === 409))
    expect(body).toMatchObject({ code: 'wrong_state' });
  await alice.until(id, 'the end of its second run', (task) => hasEnded(task) && task.retry_count === 1);
  expect(await runsOf(id)).toBe(2);
});

describe('an Idempotency-Key on a retry', () => {
  const keyed = (id: string, key: string, body?: object) => retry(id, body, { 'Idempotency-Key': key });

  test('starts one run, however often and late it is sent', async () => {
    const { id } = await failed();
    const key = randomUUID();
    for (let time = 0; time < 3; time += 1) {
      expect((await keyed(id, key)).status).toBe(200);
      await alice.until(id, 'the end of its second run', (task) => hasEnded(task) && task.retry_count === 1);
    }
    // Also after another retry in between.
    expect((await keyed(id, randomUUID())).status).toBe(200);
    await alice.until(id, 'the end of its third run', (task) => hasEnded(task) && task.retry_count === 2);
    await expect.poll(async () => (await keyed(id, key)).body.retry_count).toBe(2);
    expect(await runsOf(id)).toBe(3);
  });

  test('sent twenty times at once starts one run, which every response has', async () => {
    const { id } = await failed();
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => keyed(id, key, { delay: hour })));
    for (const answer of answers) expect(answer).toMatchObject({ status: 200, body: { retry_count: 1 } });
    expect(await runsOf(id)).toBe(2);
  });

  test('sent again with other changes is 422', async () => {
    const { id } = await failed();
    const key = randomUUID();
    expect((await keyed(id, key, { delay: hour })).status).toBe(200);
    expect(await keyed(id, key, { delay: hour + 1 })).toMatchObject({
      status: 422,
      body: { code: 'key_reused' },
    });
    expect((await keyed(id, key, { delay: hour })).body).toMatchObject({
      status: 'SCHEDULED',
      retry_count: 1,
    });
  });
});

describe('of several concurrent retries', () => {
  const statuses = (answers: readonly { status: number }[]) =>
    answers.map(({ status }) => status).toSorted((a, b) => a - b);

  test('one starts a run, and the others are 409', async () => {
    const { id } = await failed();
    const names = ['one', 'two', 'three'];
    const answers = await Promise.all(names.map((name) => retry(id, { name, delay: hour })));
    expect(statuses(answers)).toEqual([200, 409, 409]);
    const won = answers.findIndex(({ status }) => status === 200);
    expect(await alice.read(id)).toMatchObject({ name: names[won], retry_count: 1 });
  });

  test('with different keys, one starts a run; with one key and different bodies, the other is 422', async () => {
    const keyed = (id: string, key: string, body: object) => retry(id, body, { 'Idempotency-Key': key });
    const [first, second] = [await failed(), await failed()];
    const differing = [randomUUID(), randomUUID()].map((key) => keyed(first.id, key, { delay: hour }));
    expect(statuses(await Promise.all(differing))).toEqual([200, 409]);
    const key = randomUUID();
    const contradicting = [1, 2].map((more) => keyed(second.id, key, { delay: hour + more }));
    expect(statuses(await Promise.all(contradicting))).toEqual([200, 422]);
  });
});
