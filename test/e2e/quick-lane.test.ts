/** The quick lane: attempts in the worker that has the workflow task, and all the ways to leave it. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { HistoryEntry } from '../../src/contract/history.ts';
import type { Task } from '../../src/contract/task.ts';
import type { RoleProcess } from '../../src/processes/role.ts';
import { type Caller, untilDone } from '../support/caller.ts';
import { useService } from '../support/service.ts';
import { hasEnded, hasRunningAttempt, quickly } from '../support/task.ts';
import { connectTemporal } from '../support/temporal-client.ts';
import { waitFor } from '../support/wait-for.ts';

const slots = 2;
const service = useService({
  workers: 0,
  environment: { TASKBELL_WORKER_CONCURRENCY: String(slots), TASKBELL_MAX_MEMORY_PER_CHILD_MB: '200' },
});
let alice: Caller;
let temporal: Client;
let worker: RoleProcess;

beforeAll(async () => {
  [worker, alice, temporal] = await Promise.all([
    service.startWorker(),
    service.as('alice'),
    connectTemporal(),
  ]);
});

afterAll(() => temporal.connection.close());

const create = (payload: object = {}, changes: object = {}): Promise<Task> =>
  alice.create({ name: 'quick', type: 'brisk', delay: 0, payload, ...changes });
const ended = (id: string): Promise<Task> => alice.until(id, 'its end', hasEnded);
const run = async (payload: object = {}, changes: object = {}): Promise<Task> =>
  ended((await create(payload, changes)).id);

/** Returns how many activities the ordinary lane has taken for a task's newest run. */
async function ordinaryAttempts(id: string): Promise<number> {
  const { events } = await temporal.workflow.getHandle(id).fetchHistory();
  return (events ?? []).filter((event) => event.activityTaskScheduledEventAttributes).length;
}

async function history(id: string): Promise<HistoryEntry[]> {
  return (await alice.call<HistoryEntry[]>('GET', `/api/tasks/${id}/history/`)).body;
}

/** Occupies the worker's slots until the test is over. */
async function occupySlots(): Promise<void> {
  const slow = { type: 'slow', payload: { steps: 100, step_ms: 1000 } };
  const ids = await Promise.all(Array.from({ length: slots }, async () => (await create({}, slow)).id));
  onTestFinished(async () => {
    for (const id of ids) await alice.call('POST', `/api/tasks/${id}/cancel/`);
    for (const id of ids) await ended(id);
  });
  for (const id of ids) await alice.until(id, 'its attempt', hasRunningAttempt);
}

/** A file in which attempts leave their idempotency keys. */
const newFile = (): string => join(tmpdir(), `taskbell-quick-${randomUUID()}`);
const keysIn = async (file: string): Promise<string[]> =>
  (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');

describe('a quick attempt', () => {
  test('takes one workflow task, and leaves the same report as any other', async () => {
    const task = await run();
    expect(task).toMatchObject({
      status: 'COMPLETED',
      attempt: 1,
      retry_count: 0,
      result: { attempt: 1, before: [] },
      started_at: task.attempts[0]?.started_at,
    });
    expect(task.attempts).toMatchObject([
      { attempt: 1, outcome: 'completed', worker: expect.stringContaining(String(worker.pid)), error: null },
    ]);
    expect(task.attempts[0]?.log[0]).toContain('attempt 1');
    const { events } = await temporal.workflow.getHandle(task.id).fetchHistory();
    expect(events).toHaveLength(6);
    const entries = await history(task.id);
    expect(entries.map(({ type }) => type)).toEqual(['created', 'due', 'attempt', 'completed']);
    expect(entries[1]?.at).toBe(task.started_at);
    expect(entries[2]?.attempt).toMatchObject({ attempt: 1, outcome: 'completed' });
  });

  test('that fails is followed by others under the task’s retry policy, with its checkpoint', async () => {
    const retry = { ...quickly, max_retries: 1 };
    const task = await run({ ends_by: 'fail' }, { retry });
    expect(task).toMatchObject({ status: 'COMPLETED', attempt: 2, retry_count: 1, result: { before: [1] } });
    expect(task.attempts).toMatchObject([
      { outcome: 'failed', error: { type: 'Brisk', message: 'failure 1' } },
      { outcome: 'completed' },
    ]);
    expect(await ordinaryAttempts(task.id)).toBe(0);
    expect((await history(task.id)).map(({ type }) => type)).toEqual([
      'created',
      'due',
      'attempt',
      'attempt',
      'completed',
    ]);
    const failed = await run({ ends_by: 'fail' }, { retry: { max_retries: 0 } });
    expect(failed).toMatchObject({ status: 'FAILED', attempt: 1, error_message: 'failure 1' });
  });

  test.each([
    ['exits', 'exit', { outcome: 'failed', error: { type: 'ProcessExited' } }],
    ['leaks', 'leak', { outcome: 'failed', error: { type: 'MemoryLimitExceeded' } }],
  ])('whose handler %s ends as on the ordinary lane', async (_how, ends_by, attempt) => {
    const task = await run({ ends_by }, { retry: { max_retries: 0 } });
    expect(task.attempts).toMatchObject([attempt]);
    expect(await ordinaryAttempts(task.id)).toBe(0);
    // Nothing is left of it for the next one.
    expect(await run()).toMatchObject({ status: 'COMPLETED', attempt: 1 });
  });

  test('whose process is killed from outside goes on on the ordinary lane, without costing a retry', async () => {
    const task = await run({ ends_by: 'kill' }, { retry: { max_retries: 0 } });
    expect(task).toMatchObject({ status: 'COMPLETED', attempt: 2, retry_count: 0, result: { before: [1] } });
    expect(task.attempts).toMatchObject([
      { outcome: 'lost', error: { type: 'ProcessKilled' } },
      { outcome: 'completed' },
    ]);
    expect(await ordinaryAttempts(task.id)).toBe(1);
  });

  test('keeps to the time limits of its task', async () => {
    const limits = { soft_time_limit: 1, time_limit: 2, retry: { max_retries: 0 } };
    const task = await run({ ms: [2000] }, limits);
    expect(task.attempts).toMatchObject([{ outcome: 'failed', error: { type: 'SoftTimeLimitExceeded' } }]);
  });

  test('is not for payloads that the type does not call quick, nor for one that an edit made such', async () => {
    const slow = await run({ slow: true });
    expect(slow).toMatchObject({ status: 'COMPLETED', attempt: 1 });
    expect(await ordinaryAttempts(slow.id)).toBe(1);
    const { id } = await create({}, { delay: 3600 });
    const edited = await alice.call('PATCH', `/api/tasks/${id}/`, { payload: { slow: true } });
    expect(edited.status).toBe(200);
    await untilDone(() => alice.call('POST', `/api/tasks/${id}/run-now/`));
    await ended(id);
    expect(await ordinaryAttempts(id)).toBe(1);
    // A retry decides again.
    const again = await alice.call<Task>('POST', `/api/tasks/${id}/retry/`, { payload: {} });
    expect(again.status).toBe(200);
    await alice.until(id, 'its second end', (task) => hasEnded(task) && task.retry_count === 1);
    expect(await ordinaryAttempts(id)).toBe(0);
  });

  test('of a task that follows another is not confused with the look at that other', async () => {
    const first = await run();
    const task = await run({}, { after: [first.id] });
    expect(task.attempts).toMatchObject([{ attempt: 1, outcome: 'completed' }]);
    expect((await history(task.id)).filter(({ type }) => type === 'attempt')).toHaveLength(1);
  });
});

describe('with no free handler process', () => {
  test('a quick task waits in the queue as any other, and can be paused and edited there', async () => {
    await occupySlots();
    const { id } = await create();
    await waitFor('its place in the queue', async () => (await ordinaryAttempts(id)) === 1);
    expect(await alice.read(id)).toMatchObject({ status: 'PENDING', attempt: 0, attempts: [] });
    const paused = await untilDone(() => alice.call<Task>('POST', `/api/tasks/${id}/pause/`));
    expect(paused.body).toMatchObject({ status: 'SCHEDULED', waiting: { reason: 'paused' } });
    expect((await alice.call('PATCH', `/api/tasks/${id}/`, { name: 'renamed' })).status).toBe(200);
    expect((await alice.call('DELETE', `/api/tasks/${id}/`)).status).toBe(204);
  });
});

describe('a message that meets a quick attempt', () => {
  test('takes effect after it: the task is cancelled', async () => {
    const file = newFile();
    const { id } = await create({ ms: [1000], file });
    await waitFor('the attempt', async () => (await keysIn(file)).length === 1);
    expect((await untilDone(() => alice.call('POST', `/api/tasks/${id}/cancel/`))).status).toBe(200);
    expect(await ended(id)).toMatchObject({ status: 'CANCELLED' });
  });

  test('takes effect after it: the task is paused, and its next attempt has the same key', async () => {
    const file = newFile();
    const { id } = await create({ ms: [1000, 0], file });
    await waitFor('the attempt', async () => (await keysIn(file)).length === 1);
    const paused = await untilDone(() => alice.call<Task>('POST', `/api/tasks/${id}/pause/`));
    expect(paused.body).toMatchObject({ status: 'SCHEDULED', waiting: { reason: 'paused' } });
    await untilDone(() => alice.call('POST', `/api/tasks/${id}/resume/`));
    expect(await ended(id)).toMatchObject({ status: 'COMPLETED', attempt: 1 });
    expect(new Set(await keysIn(file)).size).toBe(1);
    expect(await keysIn(file)).toHaveLength(2);
  });
});

describe('a request that meets a quick attempt of more than a second', () => {
  test('is rejected if it is a deletion or an edit: the attempt must not be without a record', async () => {
    const file = newFile();
    const { id } = await create({ ms: [2200], file });
    await waitFor('the attempt', async () => (await keysIn(file)).length === 1);
    const edit = alice.call('PATCH', `/api/tasks/${id}/`, { name: 'renamed' });
    const deletion = alice.call('DELETE', `/api/tasks/${id}/`);
    expect((await deletion).status).toBe(409);
    expect((await edit).status).toBe(409);
    const task = await ended(id);
    expect(task).toMatchObject({ status: 'COMPLETED', attempts: [{ outcome: 'completed' }] });
  });
});

describe('a worker', () => {
  test('that shuts down lets quick attempts end, and begins no others', async () => {
    const file = newFile();
    const { id } = await create({ ms: [1500], file });
    await waitFor('the attempt', async () => (await keysIn(file)).length === 1);
    const stopping = worker.close();
    const late = await create();
    await stopping;
    expect(await alice.read(id)).toMatchObject({ status: 'COMPLETED', attempt: 1 });
    const { status } = await alice.read(late.id);
    expect(status === 'PENDING' || status === 'COMPLETED').toBe(true);
    worker = await service.startWorker();
    expect(await ended(late.id)).toMatchObject({ status: 'COMPLETED', attempt: 1 });
  }, 30_000);

  test('that is lost in a quick attempt is named in the history, and another has the same key', async () => {
    const file = newFile();
    const { id } = await create({ ms: [2400, 0], file });
    await waitFor('the attempt', async () => (await keysIn(file)).length === 1);
    const lost = worker;
    process.kill(lost.pid, 'SIGKILL');
    const killedAt = Date.now();
    worker = await service.startWorker();
    const task = await ended(id);
    expect(task).toMatchObject({ status: 'COMPLETED', attempt: 2, retry_count: 0 });
    expect(task.attempts).toMatchObject([
      { attempt: 1, outcome: 'lost', worker: expect.stringContaining(String(lost.pid)) },
      { attempt: 2, outcome: 'completed', worker: expect.stringContaining(String(worker.pid)) },
    ]);
    expect(Date.parse(task.attempts[1]?.started_at ?? '') - killedAt).toBeLessThan(12_000);
    expect(new Set(await keysIn(file)).size).toBe(1);
    expect((await history(id)).map(({ type, attempt }) => attempt?.outcome ?? type)).toEqual([
      'created',
      'due',
      'lost',
      'completed',
      'completed',
    ]);
  }, 40_000);

  // Last: the worker's type is not quick for a while.
  test('stops an attempt that is not quick, goes on on the ordinary lane, and remembers the type', async () => {
    const task = await run({ ms: [8000, 0] }, { retry: { max_retries: 0 } });
    expect(task).toMatchObject({ status: 'COMPLETED', attempt: 2, retry_count: 0, result: { before: [1] } });
    expect(task.attempts).toMatchObject([
      { outcome: 'handed_back', error: { type: 'QuickLimitExceeded' } },
      { outcome: 'completed' },
    ]);
    const next = await run();
    expect(next).toMatchObject({ status: 'COMPLETED', attempt: 1 });
    expect(await ordinaryAttempts(next.id)).toBe(1);
  });
});
