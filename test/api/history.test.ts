import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HistoryEntry } from '../../src/contract/history.ts';
import type { Task } from '../../src/contract/task.ts';
import { commandSignalName } from '../../src/contract/names.ts';
import type { TaskCommand } from '../../src/contract/workflow.ts';
import type { Caller } from '../support/caller.ts';
import { nextPage } from '../support/pages.ts';
import { startService, useService } from '../support/service.ts';
import { hasEnded, hasRunningAttempt, quickly } from '../support/task.ts';
import { connectTemporal } from '../support/temporal-client.ts';

const hour = 3600;

const service = useService();
let alice: Caller;
let root: Caller;
let ids: { alice: string; root: string };
let temporal: Client;

beforeAll(async () => {
  temporal = await connectTemporal();
  [alice, root] = await Promise.all([service.as('alice'), service.as('root')]);
  const idOf = async (caller: Caller) => (await caller.create({ name: 'whose', delay: hour })).owner;
  ids = { alice: await idOf(alice), root: await idOf(root) };
});

afterAll(() => temporal?.connection.close());

/** Reads all pages of a history. */
async function historyOf(id: string, limit = 50, caller = alice): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  for (let path: string | undefined = `/api/tasks/${id}/history/?limit=${limit}`; path !== undefined;) {
    const answer: Awaited<ReturnType<typeof caller.call<HistoryEntry[]>>> = await caller.call('GET', path);
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.body.length).toBeLessThanOrEqual(limit);
    entries.push(...answer.body);
    path = nextPage(answer.headers);
  }
  return entries;
}

function typesOf(entries: readonly HistoryEntry[]): string[] {
  return entries.map(({ type }) => type);
}

async function send(id: string, command: string, caller = alice): Promise<void> {
  // The effect can take longer than the second that the API waits for it.
  expect([200, 202]).toContain((await caller.call('POST', `/api/tasks/${id}/${command}/`)).status);
}

describe('the history of a task', () => {
  test('lists commands, edits and events in order, each with its author', async () => {
    const { id, scheduled_time } = await alice.create({ name: 'before', delay: hour, tags: ['a'] });
    await send(id, 'pause', root);
    // Has no effect, so it is not in the history.
    await send(id, 'pause');
    await send(id, 'resume');
    const later = '2030-01-31T09:30:00.000Z';
    const edit = (changes: object) => alice.call('PATCH', `/api/tasks/${id}/`, changes);
    expect((await edit({ scheduled_time: later })).status).toBe(200);
    expect((await edit({ name: 'after', tags: ['b'], payload: { rows: [] } })).status).toBe(200);
    await send(id, 'run-now');
    await alice.until(id, 'its end', hasEnded);
    const entries = await historyOf(id);
    const byAlice = { id: ids.alice, name: service.users.alice.name };
    expect(entries).toMatchObject([
      { type: 'created', by: byAlice },
      { type: 'paused', by: { id: ids.root, name: service.users.root.name } },
      { type: 'resumed', by: byAlice },
      {
        type: 'rescheduled',
        by: byAlice,
        changes: [{ field: 'scheduled_time', from: scheduled_time, to: later }],
      },
      { type: 'edited', by: byAlice },
      { type: 'run_now', by: byAlice },
      { type: 'due', by: null },
      { type: 'attempt', by: null, attempt: { attempt: 1, outcome: 'completed' } },
      { type: 'completed', by: null },
    ]);
    expect(entries[4]?.changes).toEqual(
      expect.arrayContaining([
        { field: 'name', from: 'before', to: 'after' },
        { field: 'tags', from: ['a'], to: ['b'] },
        // With the values, so that what an earlier run was given can be read.
        { field: 'payload', from: {}, to: { rows: [] } },
      ]),
    );
    const times = entries.map(({ at }) => Date.parse(at));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test('lists every attempt with its error and log, and the failure that ends the task', async () => {
    const task = { type: 'flaky', payload: { failures: 9 }, retry: { ...quickly, max_retries: 1 } };
    const { id } = await alice.create({ name: 'fails', delay: 0, ...task });
    await alice.until(id, 'its end', hasEnded);
    const entries = await historyOf(id);
    expect(entries).toMatchObject([
      { type: 'created' },
      { type: 'due' },
      { type: 'attempt', attempt: { attempt: 1, outcome: 'failed', error: { message: 'failure 1' } } },
      { type: 'attempt', attempt: { attempt: 2, outcome: 'failed', error: { message: 'failure 2' } } },
      { type: 'failed', error: { type: 'Flaky', message: 'failure 2' } },
    ]);
    expect(entries[2]?.attempt?.log[0]).toContain('attempt 1');
  });

  test('lists run-now in a backoff, but no pause that came too late', async () => {
    const task = { type: 'flaky', payload: { failures: 1 }, retry: { initial_interval: 60, max_retries: 1 } };
    const { id } = await alice.create({ name: 'in a hurry', delay: 0, ...task });
    await alice.until(id, 'its backoff', ({ waiting }) => waiting?.reason === 'backoff');
    // The service rejects it. Sent in spite of that, as by a caller who was a moment too late, it has no effect.
    const pause: TaskCommand = { command: 'pause', by: ids.alice };
    await temporal.workflow.getHandle(id).signal(commandSignalName, pause);
    await send(id, 'run-now', root);
    await alice.until(id, 'its end', hasEnded);
    expect(await historyOf(id)).toMatchObject([
      { type: 'created' },
      { type: 'due' },
      { type: 'attempt', attempt: { attempt: 1, outcome: 'failed' } },
      { type: 'run_now', by: { id: ids.root, name: service.users.root.name } },
      { type: 'attempt', attempt: { attempt: 2, outcome: 'completed' } },
      { type: 'completed' },
    ]);
  });

  test('continues over retries, names who asked for them, and keeps the attempts of all runs', async () => {
    const task = { type: 'hopeless', delay: 0 };
    const { id } = await alice.create({ name: 'again', ...task });
    await alice.until(id, 'its end', hasEnded);
    await send(id, 'retry', root);
    await alice.until(id, 'the end of its second run', (now) => hasEnded(now) && now.retry_count === 1);
    const entries = await historyOf(id);
    expect(typesOf(entries)).toEqual([
      'created',
      'due',
      'attempt',
      'failed',
      'retried',
      'due',
      'attempt',
      'failed',
    ]);
    expect(entries[4]).toMatchObject({ by: { id: ids.root, name: service.users.root.name } });
    expect(entries[2]?.attempt?.error?.type).toBe('Hopeless');
    expect(new Set(entries.map(({ run_id }) => run_id)).size).toBe(2);
  });

  test('lists what a retry has changed, as for an edit, also at the start of a page', async () => {
    const { id } = await alice.create({ name: 'before', type: 'hopeless', delay: hour, tags: ['a'] });
    expect((await alice.call('PATCH', `/api/tasks/${id}/`, { priority: 1 })).status).toBe(200);
    await send(id, 'run-now');
    await alice.until(id, 'its end', hasEnded);
    const retry = (changes: object | undefined, key: string) =>
      alice.call<Task>('POST', `/api/tasks/${id}/retry/`, changes, { 'Idempotency-Key': key });
    // Its new scheduled time is none of its author's changes.
    expect((await retry(undefined, 'unchanged')).status).toBe(200);
    const { scheduled_time } = await alice.until(
      id,
      'its second end',
      (now) => hasEnded(now) && now.retry_count === 1,
    );
    const { body } = await retry(
      { name: 'after', tags: ['a'], delay: hour, description: 'x'.repeat(4095) },
      'changed',
    );
    expect(body).toMatchObject({ name: 'after', priority: 1, status: 'SCHEDULED' });
    const entries = await historyOf(id);
    const [unchanged, changed] = entries.filter(({ type }) => type === 'retried');
    expect(unchanged).not.toHaveProperty('changes');
    expect(changed?.changes).toEqual([
      { field: 'name', from: 'before', to: 'after' },
      // Values that are large are left out.
      { field: 'description' },
      { field: 'scheduled_time', from: scheduled_time, to: body.scheduled_time },
    ]);
    expect(await historyOf(id, 1)).toEqual(entries);
  });

  test.each([1, 2, 3, 7])('is the same in pages of %i', async (limit) => {
    const { id } = await alice.create({ name: 'paged', type: 'hopeless', delay: 0 });
    for (let run = 0; run < 3; run += 1) {
      await alice.until(id, `the end of run ${run}`, (now) => hasEnded(now) && now.retry_count === run);
      const key = { 'Idempotency-Key': `run ${run}` };
      if (run < 2) await alice.call('POST', `/api/tasks/${id}/retry/`, undefined, key);
    }
    const whole = await historyOf(id, 100);
    expect(whole).toHaveLength(12);
    expect(await historyOf(id, limit)).toEqual(whole);
  });

  test('shows a running attempt, and later who cancelled it', async () => {
    const payload = { ends_by: 'throw' };
    const { id } = await alice.create({ name: 'cancelled', type: 'grumpy', delay: 0, payload });
    await alice.until(id, 'a running attempt', hasRunningAttempt);
    const running = await historyOf(id);
    expect(running.at(-1)).toMatchObject({
      type: 'attempt',
      attempt: { outcome: 'running', finished_at: null },
    });
    await root.call('POST', `/api/tasks/${id}/cancel/`);
    await alice.until(id, 'its end', hasEnded);
    const entries = await historyOf(id);
    expect(entries.slice(-3)).toMatchObject([
      { type: 'cancel_requested', by: { id: ids.root, name: service.users.root.name } },
      { type: 'attempt', attempt: { outcome: 'cancelled' } },
      { type: 'cancelled' },
    ]);
  });

  test('shows a termination or cancellation made directly in Temporal, without an author', async () => {
    const terminated = await alice.create({ name: 'terminated', delay: hour });
    await temporal.workflow.getHandle(terminated.id).terminate('the disk is full');
    expect((await historyOf(terminated.id)).at(-1)).toMatchObject({
      type: 'terminated',
      by: null,
      reason: 'the disk is full',
    });
    const cancelled = await alice.create({ name: 'cancelled', delay: hour });
    await temporal.workflow.getHandle(cancelled.id).cancel();
    await alice.until(cancelled.id, 'its end', hasEnded);
    expect((await historyOf(cancelled.id)).slice(-2)).toMatchObject([
      { type: 'cancel_requested', by: null },
      { type: 'cancelled', by: null },
    ]);
  });

  test('can be read without a worker', async () => {
    const other = await startService({ workers: 0 });
    try {
      const bob = await other.as('bob');
      const { id } = await bob.create({ name: 'waits', delay: hour });
      await bob.call('POST', `/api/tasks/${id}/pause/`);
      expect(typesOf(await historyOf(id, 50, bob))).toEqual(['created', 'paused']);
    } finally {
      await other.close();
    }
  });

  test("is 404 for another user's or an unknown task, and rejects a cursor of another task's history", async () => {
    const { id } = await alice.create({ name: 'private', delay: hour });
    const bob = await service.as('bob');
    expect((await bob.call('GET', `/api/tasks/${id}/history/`)).status).toBe(404);
    const unknownId = '00000000-0000-4000-8000-000000000000';
    expect((await alice.call('GET', `/api/tasks/${unknownId}/history/`)).status).toBe(404);
    await send(id, 'pause');
    const { headers } = await alice.call('GET', `/api/tasks/${id}/history/?limit=1`);
    const cursor = new URL(nextPage(headers) ?? '', service.url).searchParams.get('cursor') ?? '';
    const { id: other } = await alice.create({ name: 'other', delay: hour });
    expect(await alice.call('GET', `/api/tasks/${other}/history/?limit=1&cursor=${cursor}`)).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '?cursor' }] },
    });
  });
});
