import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { beforeAll, describe, expect, test } from 'vitest';
import { createRouteTable } from '../../src/api/route.ts';
import { bulkRoutes } from '../../src/api/routes/bulk.ts';
import type { ActionResult, BulkResult } from '../../src/contract/bulk.ts';
import type { TaskCounts } from '../../src/contract/task.ts';
import type { TaskService } from '../../src/tasks/service.ts';
import type { Caller } from '../support/caller.ts';
import { ownTaskService } from '../support/own-task-service.ts';
import { useService } from '../support/service.ts';
import { hasEnded } from '../support/task.ts';
import { alice as principal, appOf } from '../support/app.ts';

const hour = 3600;
const unknownId = '00000000-0000-4000-8000-000000000000';

const service = useService();
let alice: Caller;
let bob: Caller;

beforeAll(async () => {
  [alice, bob] = await Promise.all([service.as('alice'), service.as('bob')]);
});

function bulk(tasks: readonly unknown[], headers: Record<string, string> = {}, caller = alice) {
  return caller.call<{ results: BulkResult[] }>('POST', '/api/tasks/bulk/', { tasks }, headers);
}

function act(body: Record<string, unknown>, caller = alice) {
  return caller.call<{ results: ActionResult[]; matched: number }>('POST', '/api/tasks/actions/', body);
}

async function created(caller: Caller, count: number, task: Record<string, unknown> = {}): Promise<string[]> {
  const tasks = Array.from({ length: count }, (_, index) => ({
    name: `many ${index}`,
    delay: hour,
    ...task,
  }));
  const { status, body } = await bulk(tasks, {}, caller);
  expect(status).toBe(207);
  return body.results.map((result) => ('task' in result ? result.task.id : ''));
}

async function total(caller: Caller, query = ''): Promise<TaskCounts['counts']> {
  return (await caller.call<TaskCounts>('GET', `/api/tasks/counts/?${query}`)).body.counts;
}

describe('tasks in a bulk request', () => {
  test('are created or rejected one by one, with results in the order of the request', async () => {
    const { status, body } = await bulk([
      { name: 'first', delay: hour, tags: ['a'] },
      { name: '', delay: hour },
      { name: 'third', scheduled_time: '2020-01-01T00:00:00Z' },
      'no task',
      { name: 'fifth', delay: hour, payload: { what: 1 } },
      { name: 'nul \u0000', delay: hour },
      { name: 'unknown field', delay: hour, nonsense: 1 },
      { name: 'deep', delay: hour, payload: { a: [['\ud800']] } },
      { name: 'last', delay: 0, type: 'echo' },
    ]);
    expect(status).toBe(207);
    expect(body.results).toMatchObject([
      { status: 201, task: { name: 'first', tags: ['a'], status: 'SCHEDULED' } },
      { status: 400, code: 'validation', errors: [{ pointer: '/name' }] },
      { status: 400, errors: [{ pointer: '/scheduled_time', message: 'Cannot schedule tasks in the past' }] },
      { status: 400 },
      { status: 400, errors: [{ pointer: '/payload/what' }] },
      { status: 400, errors: [{ pointer: '/name' }] },
      { status: 400, errors: [{ pointer: '/nonsense' }] },
      { status: 400, errors: [{ pointer: '/payload/a/0/0' }] },
      { status: 201, task: { name: 'last' } },
    ]);
    const [first, , , , , , , , last] = body.results;
    if (!first || !('task' in first) || !last || !('task' in last))
      throw new Error('The first or the last task was not created');
    expect(first.task).not.toHaveProperty('payload');
    expect(await alice.read(first.task.id)).toMatchObject({ name: 'first' });
    expect(await alice.until(last.task.id, 'its end', hasEnded)).toMatchObject({ status: 'COMPLETED' });
  });

  test('with an Idempotency-Key can be sent again without creating more; a changed one is 422', async () => {
    const key = { 'Idempotency-Key': randomUUID() };
    const tasks = [1, 2, 3].map((n) => ({ name: `keyed ${n}`, delay: hour }));
    const first = await bulk(tasks, key);
    const again = await bulk(tasks, key);
    const idsOf = ({ body }: typeof first) => body.results.map((one) => ('task' in one ? one.task.id : one));
    expect(idsOf(again)).toEqual(idsOf(first));
    const changed = await bulk([tasks[0], { name: 'other', delay: hour }, tasks[2]], key);
    expect(changed.body.results.map(({ status }) => status)).toEqual([201, 422, 201]);
  });

  test('are rejected one by one for a number that would be changed', async () => {
    const response = await fetch(`${service.url}/api/tasks/bulk/`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${alice.token}`, 'Content-Type': 'application/json' },
      body:
        '{"tasks":[{"name":"a","delay":3600,"type":"echo","payload":{"id":1}},' +
        '{"name":"b","delay":3600,"type":"echo","payload":{"id":9007199254740993}}]}',
    });
    expect(await response.json()).toMatchObject({
      results: [{ status: 201 }, { status: 400, errors: [{ pointer: '/payload/id' }] }],
    });
  });

  test.each([
    [{ tasks: [] }, '/tasks'],
    [{ tasks: Array.from({ length: 1001 }, () => ({ name: 'n', delay: hour })) }, '/tasks'],
    [{ tasks: {} }, '/tasks'],
    [{}, '/tasks'],
    [{ tasks: [{ name: 'n', delay: hour }], more: 1 }, '/more'],
  ])('are rejected as a whole if the request itself is invalid', async (body, pointer) => {
    const answer = await alice.call('POST', '/api/tasks/bulk/', body);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer }] } });
  });

  test('can have 16 MiB in total instead of the 1 MiB of other requests; more is 413', async () => {
    const large = (count: number) =>
      Array.from({ length: count }, () => ({ name: 'n', padding: 'x'.repeat(1e6) }));
    expect((await bulk(large(17))).status).toBe(413);
    expect(await bulk(large(2))).toMatchObject({
      status: 207,
      body: { results: [{ status: 413 }, { status: 413, code: 'payload_too_large' }] },
    });
  });
});

describe('an action on many tasks', () => {
  test('is tried on each of them in order, and returns a result for each', async () => {
    const [open, paused] = await created(alice, 2);
    const { id: done } = await alice.create({ name: 'done', type: 'echo', delay: 0 });
    await alice.until(done, 'its end', hasEnded);
    const [foreign] = await created(bob, 1);
    await alice.call('POST', `/api/tasks/${paused}/pause/`);
    const { status, body } = await act({
      action: 'cancel',
      ids: [open, foreign, done, unknownId, paused, open],
    });
    expect(status).toBe(207);
    expect(body.results.map(({ id }) => id)).toEqual([open, foreign, done, unknownId, paused]);
    expect(body.results.map((one) => [one.status, 'code' in one ? one.code : ''])).toEqual([
      [expect.toBeOneOf([200, 202]), ''],
      [404, 'not_found'],
      [409, 'wrong_state'],
      [404, 'not_found'],
      [expect.toBeOneOf([200, 202]), ''],
    ]);
    for (const id of [open, paused]) {
      expect(await alice.until(id ?? '', 'its end', hasEnded)).toMatchObject({ status: 'CANCELLED' });
    }
    expect(await bob.read(foreign ?? '')).toMatchObject({ status: 'SCHEDULED' });
  });

  test('by a filter applies to exactly those that match; a dry run only counts them', async () => {
    const user = await service.asNewUser();
    await created(user, 12, { tags: ['wanted'] });
    await created(user, 5, { tags: ['other'] });
    await expect.poll(() => total(user), { timeout: 10_000 }).toMatchObject({ SCHEDULED: 17 });
    const filter = { tag: ['wanted'], status: ['SCHEDULED'] };
    const dry = await act({ action: 'pause', filter, dry_run: true }, user);
    expect(dry).toMatchObject({ status: 200, body: { matched: 12 } });
    for (const action of ['pause', 'resume', 'cancel', 'retry', 'delete']) {
      const wanted = action === 'retry' ? { tag: 'wanted', status: 'CANCELLED' } : { tag: 'wanted' };
      const { status, body } = await act({ action, filter: wanted }, user);
      expect(status).toBe(207);
      expect(body.results.map((one) => one.status).filter((one) => ![200, 202, 204].includes(one))).toEqual(
        [],
      );
      expect(body.results, action).toHaveLength(12);
      const expected = {
        pause: { SCHEDULED: 17 },
        resume: { SCHEDULED: 17 },
        cancel: { CANCELLED: 12, SCHEDULED: 5 },
        retry: { CANCELLED: 0, SCHEDULED: 17 },
        delete: { SCHEDULED: 5, CANCELLED: 0 },
      }[action];
      await expect.poll(() => total(user), { timeout: 20_000 }).toMatchObject(expected ?? {});
    }
  }, 90_000);

  test('by an empty filter applies to all tasks, if the request says so; a dry run need not', async () => {
    const user = await service.asNewUser();
    await created(user, 3);
    await expect.poll(() => total(user), { timeout: 10_000 }).toMatchObject({ SCHEDULED: 3 });
    expect(await act({ action: 'cancel', filter: {} }, user)).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/filter', message: expect.stringContaining('"all": true') }] },
    });
    expect(await act({ action: 'cancel', filter: {}, dry_run: true }, user)).toMatchObject({
      status: 200,
      body: { matched: 3 },
    });
    const { status, body } = await act({ action: 'cancel', filter: {}, all: true }, user);
    expect({ status, tasks: body.results.length }).toEqual({ status: 207, tasks: 3 });
  });

  test('by ids in a dry run counts those that exist and belong to the caller', async () => {
    const [own] = await created(alice, 1);
    const [foreign] = await created(bob, 1);
    const { status, body } = await act({
      action: 'delete',
      ids: [own, foreign, unknownId, own],
      dry_run: true,
    });
    expect({ status, body }).toEqual({ status: 200, body: { matched: 1 } });
    expect(await alice.read(own ?? '')).toMatchObject({ status: 'SCHEDULED' });
  });

  test.each([
    [{ action: 'explode', ids: [unknownId] }, '/action'],
    [{ action: 'cancel' }, '/ids'],
    [{ action: 'cancel', ids: [unknownId], filter: {} }, '/ids'],
    [{ action: 'cancel', filter: {} }, '/filter'],
    [{ action: 'cancel', filter: {}, all: false }, '/filter'],
    [{ action: 'cancel', filter: { status: ['FAILED'] }, all: true }, '/all'],
    [{ action: 'cancel', ids: [unknownId], all: true }, '/all'],
    [{ action: 'cancel', ids: [] }, '/ids'],
    [{ action: 'cancel', ids: ['x'] }, '/ids/0'],
    [{ action: 'cancel', filter: { stauts: 'FAILED' } }, '/filter/stauts'],
    [{ action: 'cancel', filter: { status: ['DONE'] } }, '/filter/status/0'],
    [{ action: 'cancel', ids: Array.from({ length: 1001 }, () => randomUUID()) }, '/ids'],
  ])('with an invalid field is rejected with a pointer to it', async (body, pointer) => {
    expect(await act(body)).toMatchObject({ status: 400, body: { errors: [{ pointer }] } });
  });

  test('reaches the tasks of every owner for an admin, and only their own for a user', async () => {
    const user = await service.asNewUser();
    const [id] = await created(user, 1, { tags: ['of-a-user'] });
    await expect.poll(() => total(user), { timeout: 10_000 }).toMatchObject({ SCHEDULED: 1 });
    const filter = { tag: 'of-a-user' };
    expect((await act({ action: 'cancel', filter, dry_run: true }, bob)).body.matched).toBe(0);
    const owner = (await user.read(id ?? '')).owner;
    expect((await act({ action: 'cancel', filter: { owner } }, bob)).status).toBe(403);
    const root = await service.as('root');
    expect((await act({ action: 'cancel', filter: { ...filter, owner } }, root)).body.results).toHaveLength(
      1,
    );
    expect(await user.until(id ?? '', 'its end', hasEnded)).toMatchObject({ status: 'CANCELLED' });
  });
});

test('an action by a filter leaves out a task that no longer matches when its turn comes', async () => {
  const user = await service.asNewUser();
  const [leftOut, deleted] = await created(user, 2, { tags: ['to-go'] });
  await act({ action: 'cancel', ids: [leftOut, deleted] }, user);
  await expect.poll(async () => (await total(user, 'tag=to-go')).CANCELLED).toBe(2);
  const { owner } = await user.read(leftOut ?? '');
  const tasks = ownTaskService(service);
  // Between its selection and its turn, a task is scheduled again.
  const bulk: TaskService['bulk'] = {
    ...tasks.bulk,
    async act(...request) {
      expect(request[2]).toHaveLength(2);
      expect((await user.call('POST', `/api/tasks/${leftOut}/retry/`, { delay: hour })).status).toBe(200);
      await tasks.bulk.act(...request);
    },
  };
  const routes = createRouteTable();
  const silent = pino({ level: 'silent' });
  const unused = { onTaskWritten: () => {}, onTaskDeleted: () => {}, rate: undefined, logger: silent };
  bulkRoutes(routes, { ...unused, tasks: { ...tasks, bulk } });
  const answer = await appOf(routes, undefined, { ...principal, id: owner }).request('/api/tasks/actions', {
    method: 'POST',
    headers: { Authorization: 'Bearer x', 'Content-Type': 'application/json' },
    body: JSON.stringify({ action: 'delete', filter: { tag: ['to-go'], status: ['CANCELLED'] } }),
  });
  const { results } = (await answer.json()) as { results: ActionResult[] };
  expect(results.find(({ id }) => id === leftOut)).toMatchObject({ status: 409, code: 'wrong_state' });
  expect(results.find(({ id }) => id === deleted)).toMatchObject({ status: 204 });
  expect(await user.read(leftOut ?? '')).toMatchObject({ status: 'SCHEDULED' });
});

test('an account can have two bulk requests in progress; further ones are 429 before their bodies are read', async () => {
  const user = await service.asNewUser();
  const tasks = Array.from({ length: 30 }, (_, index) => ({ name: `${index}`, delay: hour }));
  const answers = await Promise.all(Array.from({ length: 6 }, () => bulk(tasks, {}, user)));
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 207).length).toBeGreaterThanOrEqual(2);
  expect(statuses).toContain(429);
});
