import { beforeAll, describe, expect, test } from 'vitest';
import { randomUUID } from 'node:crypto';
import type { BulkResult } from '../../src/contract/bulk.ts';
import type { Task } from '../../src/contract/task.ts';
import type { Caller } from '../support/caller.ts';
import { waitFor } from '../support/wait-for.ts';
import { useService } from '../support/service.ts';

const service = useService();
let alice: Caller;
let bob: Caller;

beforeAll(async () => {
  [alice, bob] = await Promise.all([service.as('alice'), service.as('bob')]);
});

const create = (caller: Caller, key: string, body: Record<string, unknown>) =>
  caller.call<Task>('POST', '/api/tasks/', body, { 'Idempotency-Key': key });

test('100 concurrent requests with the same key create one task, and each is answered 201 with its id', async () => {
  const key = randomUUID();
  const body = { name: key, delay: 3600 };
  const answers = await Promise.all(Array.from({ length: 100 }, () => create(alice, key, body)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  expect(new Set(answers.map(({ body }) => body.scheduled_time)).size).toBe(1);
  const [first] = answers;
  expect(first?.headers.get('Location')).toBe(`/api/tasks/${first?.body.id}/`);
  const listed = await waitFor('the list to show the task', async () => {
    const { body } = await alice.call<Task[]>('GET', '/api/tasks/?limit=100');
    const named = body.filter(({ name }) => name === key);
    return named.length > 0 && named;
  });
  expect(listed.map(({ id }) => id)).toEqual([first?.body.id]);
});

test('without a key, the same body creates another task each time', async () => {
  const [one, two] = await Promise.all([1, 2].map(() => alice.create({ name: 'twice', delay: 3600 })));
  expect(one?.id).not.toBe(two?.id);
});

describe('the same key', () => {
  test('with another body is 422, and with the same fields in another order is 201', async () => {
    const key = randomUUID();
    const retry = { max_retries: 1, initial_interval: 5 };
    const first = await create(alice, key, { name: 'n', delay: 3600, tags: ['a', 'b'], retry });
    for (const other of [
      { name: 'm' },
      { delay: 3601 },
      { tags: ['b', 'a'] },
      { payload: { rows: [] } },
      { retry: {} },
    ]) {
      const answer = await create(alice, key, { name: 'n', delay: 3600, tags: ['a', 'b'], retry, ...other });
      expect(answer, JSON.stringify(other)).toMatchObject({ status: 422, body: { code: 'key_reused' } });
      expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
    }
    const reordered = {
      retry: { initial_interval: 5, max_retries: 1 },
      tags: ['a', 'b'],
      delay: 3600,
      name: 'n',
    };
    expect(await create(alice, key, reordered)).toMatchObject({ status: 201, body: { id: first.body.id } });
    expect((await alice.read(first.body.id)).version).toBe(1);
  });

  test('with the same instant in another notation, or with a default written out, counts as the same body', async () => {
    const key = randomUUID();
    const first = await create(alice, key, { name: 'n', scheduled_time: '2030-01-31T09:30:00Z' });
    const again = await create(alice, key, {
      name: 'n',
      scheduled_time: '2030-01-31T15:00:00+05:30',
      priority: 3,
    });
    expect(again).toMatchObject({ status: 201, body: { id: first.body.id } });
  });

  test('from another user creates a separate task of that user', async () => {
    const key = randomUUID();
    const [mine, theirs] = await Promise.all([
      create(alice, key, { name: "alice's", delay: 3600 }),
      create(bob, key, { name: "bob's", delay: 3600 }),
    ]);
    expect([mine.status, theirs.status]).toEqual([201, 201]);
    expect(mine.body.id).not.toBe(theirs.body.id);
    expect(mine.body.owner).not.toBe(theirs.body.owner);
  });

  test('is still 201 with the current task after the scheduled time in the body has passed', async () => {
    const key = randomUUID();
    const body = { name: 'n', scheduled_time: new Date(Date.now() + 500).toISOString() };
    const { body: created } = await create(alice, key, body);
    const done = await alice.until(created.id, 'its end', ({ status }) => status === 'COMPLETED');
    // Past the grace period for times that have just passed: a new task would be rejected.
    const isPast = (): boolean => Date.now() > Date.parse(body.scheduled_time) + 2100;
    await waitFor('the scheduled time to pass', isPast);
    expect((await create(alice, randomUUID(), body)).status).toBe(400);
    const again = await create(alice, key, body);
    expect(again).toMatchObject({ status: 201, body: { id: created.id, status: 'COMPLETED' } });
    expect(again.body).toEqual(done);
  });

  test('after an edit and a retry returns the current task for the original body, and 422 for the edited one', async () => {
    const key = randomUUID();
    const { body: created } = await create(alice, key, { name: 'n', delay: 3600 });
    await alice.call('PATCH', `/api/tasks/${created.id}/`, { name: 'edited' });
    await alice.call('POST', `/api/tasks/${created.id}/cancel/`);
    expect((await alice.call('POST', `/api/tasks/${created.id}/retry/`)).status).toBe(200);
    const again = await create(alice, key, { name: 'n', delay: 3600 });
    expect(again).toMatchObject({ status: 201, body: { id: created.id, name: 'edited', retry_count: 1 } });
    expect((await create(alice, key, { name: 'edited', delay: 3600 })).status).toBe(422);
  });

  describe('after its task is deleted', () => {
    const deleted = { status: 410, body: { code: 'task_deleted' } };
    const untilDeleted = (caller: Caller, id: string) =>
      waitFor('the deletion', async () => (await caller.call('GET', `/api/tasks/${id}/`)).status === 404);

    test('is 410, whatever the body, and no task is created again', async () => {
      const [user, key] = [await service.asNewUser(), randomUUID()];
      const body = { name: 'n', delay: 3600 };
      const { body: created } = await create(user, key, body);
      expect((await user.call('DELETE', `/api/tasks/${created.id}/`)).status).toBe(204);
      await untilDeleted(user, created.id);
      for (const again of [body, body, { name: 'another', delay: 7200 }])
        expect(await create(user, key, again)).toMatchObject(deleted);
      expect((await user.call('GET', `/api/tasks/${created.id}/`)).status).toBe(404);
      // What remembers the key is no task.
      const later = await user.create({ name: 'later', delay: 3600 });
      await waitFor('the list to show the later task', async () => {
        const { body: listed } = await user.call<Task[]>('GET', '/api/tasks/');
        return listed.length === 1 && listed[0]?.id === later.id;
      });
      expect((await user.call('GET', '/api/tasks/counts/')).body['total']).toBe(1);
      expect((await create(user, randomUUID(), body)).status).toBe(201);
    });

    test('is 410 for a task that had ended and was retried', async () => {
      const key = randomUUID();
      const body = { name: 'n', type: 'echo', delay: 0 };
      const { body: created } = await create(alice, key, body);
      await alice.until(created.id, 'its end', ({ status }) => status === 'COMPLETED');
      const retry = { 'Idempotency-Key': 'retry' };
      await alice.call('POST', `/api/tasks/${created.id}/retry/`, { delay: 3600 }, retry);
      expect((await alice.call('DELETE', `/api/tasks/${created.id}/`)).status).toBe(204);
      await untilDeleted(alice, created.id);
      expect(await create(alice, key, body)).toMatchObject(deleted);
    });

    test('is 410 for each item of a bulk request that was deleted, and 201 for the others', async () => {
      const [user, key] = [await service.asNewUser(), { 'Idempotency-Key': randomUUID() }];
      const tasks = [1, 2, 3].map((n) => ({ name: `${n}`, delay: 3600 }));
      const bulk = () => user.call<{ results: BulkResult[] }>('POST', '/api/tasks/bulk/', { tasks }, key);
      const ids = (await bulk()).body.results.map((one) => ('task' in one ? one.task.id : ''));
      const act = { action: 'delete', ids: ids.slice(0, 2) };
      expect((await user.call('POST', '/api/tasks/actions/', act)).status).toBe(207);
      await Promise.all(act.ids.map((id) => untilDeleted(user, id)));
      const { body: again } = await bulk();
      expect(again.results).toMatchObject([
        { status: 410, code: 'task_deleted' },
        { status: 410, code: 'task_deleted' },
        { status: 201, task: { id: ids[2] } },
      ]);
    });

    test('a deletion that is sent twice at once leaves the same', async () => {
      const key = randomUUID();
      const { body: created } = await create(alice, key, { name: 'n', delay: 3600 });
      const remove = () => alice.call('DELETE', `/api/tasks/${created.id}/`);
      for (const { status } of await Promise.all([remove(), remove(), remove()]))
        expect(status).toBeOneOf([204, 404]);
      await untilDeleted(alice, created.id);
      expect(await create(alice, key, { name: 'n', delay: 3600 })).toMatchObject(deleted);
    });
  });
});

test.each([
  ['empty', ''],
  ['256 characters long', 'k'.repeat(256)],
])('a key that is %s is 400', async (_what, key) => {
  const answer = await create(alice, key, { name: 'n', delay: 3600 });
  expect(answer).toMatchObject({ status: 400, body: { code: 'validation' } });
});

test.each([
  ['of one character', () => 'k'],
  ['of 255 characters', () => randomUUID().padEnd(255, 'k')],
  ['with quotes, spaces and other punctuation', () => `"${randomUUID()}" '%00' ; = , \\`],
  ['in Latin-1', () => `ключ-é-${randomUUID()}`.replaceAll(/[^\x20-\xff]/g, '')],
])('a key %s is accepted, and returns the same task the second time', async (_what, makeKey) => {
  const key = makeKey();
  const [first, second] = [
    await create(alice, key, { name: 'n', delay: 3600 }),
    await create(alice, key, { name: 'n', delay: 3600 }),
  ];
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(second.body.id).toBe(first.body.id);
});

test('a rejected body does not use up its key', async () => {
  const key = randomUUID();
  expect((await create(alice, key, { name: '', delay: 3600 })).status).toBe(400);
  expect((await create(alice, key, { name: 'n', scheduled_time: '2020-01-01T00:00:00Z' })).status).toBe(400);
  expect((await create(alice, key, { name: 'n', delay: 3600 })).status).toBe(201);
});
