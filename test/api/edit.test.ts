/** PUT and PATCH. test/e2e/commands.test.ts has edits of started tasks, and ETags. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Task } from '../../src/contract/task.ts';
import type { Caller } from '../support/caller.ts';
import { waitFor } from '../support/wait-for.ts';
import { useService } from '../support/service.ts';

const service = useService();
let alice: Caller;

beforeAll(async () => {
  alice = await service.as('alice');
});

const full = {
  name: 'as created',
  description: 'as created',
  delay: 3600,
  type: 'echo',
  payload: { a: 1 },
  tags: ['a', 'b'],
  priority: 2,
  retry: { max_retries: 7, initial_interval: 8, backoff_coefficient: 3, maximum_interval: 99 },
  soft_time_limit: 20,
  time_limit: 30,
};
const put = (id: string, body: unknown) => alice.call<Task>('PUT', `/api/tasks/${id}/`, body);
const patch = (id: string, body: unknown) => alice.call<Task>('PATCH', `/api/tasks/${id}/`, body);

/** Leaves out the fields that every edit changes. */
const settled = ({ version: _version, updated_at: _at, ...task }: Task) => task;

test("PUT of a task's own representation with another name changes only the name", async () => {
  const created = await alice.create(full);
  const answer = await put(created.id, { ...(await alice.read(created.id)), name: 'renamed' });
  expect(answer.status).toBe(200);
  expect(settled(answer.body)).toEqual({ ...settled(created), name: 'renamed' });
  expect(answer.body.version).toBe(created.version + 1);
  expect(await alice.read(created.id)).toEqual(answer.body);
});

test('an edit returns the ETag for the next edit; an If-Match without the current one is 412', async () => {
  const { id } = await alice.create(full);
  let etag = (await patch(id, { name: 'first' })).headers.get('ETag') ?? '';
  for (const name of ['second', 'third']) {
    const answer = await alice.call('PATCH', `/api/tasks/${id}/`, { name }, { 'If-Match': etag });
    expect(answer.status).toBe(200);
    etag = answer.headers.get('ETag') ?? '';
  }
  expect((await alice.call('GET', `/api/tasks/${id}/`)).headers.get('ETag')).toBe(etag);
  for (const [ifMatch, status] of [
    ['"other"', 412],
    [`"other", ${etag}`, 200],
    ['*', 200],
    [`W/${etag}`, 412],
  ] as const) {
    const answer = await alice.call('PATCH', `/api/tasks/${id}/`, {}, { 'If-Match': ifMatch });
    expect(answer.status, ifMatch).toBe(status);
  }
});

test.each([
  ['no name', { delay: 60 }, ['/name']],
  ['no time', { name: 'n' }, ['/scheduled_time']],
  ['neither name nor time', { description: 'd' }, ['/name', '/scheduled_time']],
])('PUT with %s is 400 and changes nothing', async (_what, body, pointers) => {
  const created = await alice.create(full);
  const answer = await put(created.id, body);
  expect(answer).toMatchObject({ status: 400, body: { errors: pointers.map((pointer) => ({ pointer })) } });
  expect(await alice.read(created.id)).toEqual(created);
});

test('PATCH changes only the fields in its body, inside the retry policy too', async () => {
  const created = await alice.create(full);
  const changes: [Record<string, unknown>, Partial<Task>][] = [
    [{ description: '' }, { description: '' }],
    [{ tags: [] }, { tags: [] }],
    [{ priority: 5 }, { priority: 5 }],
    [{ payload: { b: 2 } }, { payload: { b: 2 } }],
    [{ retry: { max_retries: 1 } }, { retry: { ...full.retry, max_retries: 1 }, max_retries: 1 }],
    [{ retry: { maximum_interval: 50 } }, { retry: { ...full.retry, max_retries: 1, maximum_interval: 50 } }],
    [{ soft_time_limit: 30 }, { soft_time_limit: 30 }],
    [
      { time_limit: 40, soft_time_limit: 40 },
      { time_limit: 40, soft_time_limit: 40 },
    ],
  ];
  let expected = settled(created);
  for (const [change, effect] of changes) {
    const answer = await patch(created.id, change);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    expected = { ...expected, ...effect };
    expect(settled(answer.body)).toEqual(expected);
  }
  expect(settled(await alice.read(created.id))).toEqual(expected);
});

describe('PATCH without a change', () => {
  test.each([
    ['an empty body', {}],
    ['only read-only fields', { status: 'COMPLETED', version: 99, owner: 'me', id: 'x', result: { a: 1 } }],
    ['the current type', { type: 'echo' }],
  ])('(%s) is 200 and writes nothing', async (_what, body) => {
    const created = await alice.create(full);
    expect(await patch(created.id, body)).toMatchObject({ status: 200, body: created });
    expect(await alice.read(created.id)).toEqual(created);
  });

  test('(only the current scheduled_time) is 200 even if that time has passed; another past time is 400', async () => {
    const created = await alice.create({ ...full, delay: 0.5 });
    await alice.call('POST', `/api/tasks/${created.id}/pause/`);
    await waitFor('the scheduled time to pass', () => Date.now() > Date.parse(created.scheduled_time) + 2100);
    const before = await alice.read(created.id);
    expect(before).toMatchObject({ status: 'SCHEDULED', waiting: { reason: 'paused' } });
    const same = await patch(created.id, { scheduled_time: created.scheduled_time });
    expect(same).toMatchObject({ status: 200, body: { version: before.version } });
    const renamed = await put(created.id, { ...before, name: 'renamed' });
    expect(renamed).toMatchObject({
      status: 200,
      body: {
        name: 'renamed',
        status: 'SCHEDULED',
        scheduled_time: created.scheduled_time,
        waiting: { reason: 'paused' },
      },
    });
    const another = new Date(Date.parse(created.scheduled_time) + 1).toISOString();
    expect(await patch(created.id, { scheduled_time: another })).toMatchObject({
      status: 400,
      body: { scheduled_time: ['Cannot schedule tasks in the past'] },
    });
  });
});

test.each<[string, Record<string, unknown>, string]>([
  ['to another type', { type: 'process-data' }, '/type'],
  ['to an unknown type', { type: 'nope' }, '/type'],
  ['with an unknown field', { foo: 1 }, '/foo'],
  ['with an unknown field of the retry policy', { retry: { foo: 1 } }, '/retry/foo'],
  ['with a null name', { name: null }, '/name'],
  ['with a blank name', { name: ' ' }, '/name'],
  ['with a null payload', { payload: null }, '/payload'],
  ['to a time in the past', { scheduled_time: '2020-01-01T00:00:00Z' }, '/scheduled_time'],
  ['to a time without an offset', { scheduled_time: '2030-01-01T00:00:00' }, '/scheduled_time'],
  ['with two times', { scheduled_time: '2030-01-01T00:00:00Z', delay: 5 }, '/delay'],
  ['to a time beyond the horizon', { delay: 10 * 366 * 86_400 }, '/delay'],
  ['to a soft limit over the current hard limit', { soft_time_limit: 31 }, '/soft_time_limit'],
  ['to a hard limit under the current soft limit', { time_limit: 19 }, '/time_limit'],
  ['with too many retries', { retry: { max_retries: 101 } }, '/retry/max_retries'],
  ['with a duplicate tag', { tags: ['a', 'a'] }, '/tags'],
])('PATCH %s is 400 with a pointer to the field, and changes nothing', async (_what, body, pointer) => {
  const created = await alice.create(full);
  const answer = await patch(created.id, { description: 'changed', ...body });
  expect(answer).toMatchObject({ status: 400, body: { code: 'validation', errors: [{ pointer }] } });
  expect(await alice.read(created.id)).toEqual(created);
});

test("PATCH with a payload that is invalid for the task's type is 400", async () => {
  const { id } = await alice.create({
    name: 'n',
    delay: 3600,
    type: 'http-request',
    payload: { url: 'https://a.example/' },
  });
  const answer = await patch(id, { payload: { url: 'nowhere' } });
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/payload/url' }] } });
});

test('concurrent edits all take effect, one after the other', async () => {
  const { id, version } = await alice.create(full);
  const answers = await Promise.all(
    // On a busy machine, more of them would take longer than a request may.
    Array.from({ length: 5 }, (_, index) => patch(id, { priority: index + 1 })),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect((await alice.read(id)).version).toBe(version + 5);
});

test('of eight concurrent edits with the same ETag, one takes effect and the others are 412', async () => {
  const created = await alice.call<Task>('POST', '/api/tasks/', full);
  const headers = { 'If-Match': created.headers.get('ETag') ?? '' };
  const path = `/api/tasks/${created.body.id}/`;
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      alice.call<Task>('PATCH', path, { name: `edit ${index}` }, headers),
    ),
  );
  const won = answers.flatMap(({ status }, index) => (status === 200 ? [`edit ${index}`] : []));
  const statuses = answers.map(({ status }) => status).filter((status) => status !== 200);
  expect(statuses).toEqual(Array.from({ length: 7 }, () => 412));
  expect(await alice.read(created.body.id)).toMatchObject({
    name: won[0],
    version: created.body.version + 1,
  });
});
