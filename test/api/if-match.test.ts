import { beforeAll, describe, expect, test } from 'vitest';
import type { Caller } from '../support/caller.ts';
import { useService } from '../support/service.ts';

const service = useService();
let alice: Caller;

beforeAll(async () => {
  alice = await service.as('alice');
});

/** Every request that changes one task. */
const changes = [
  ['PATCH', ''],
  ['PUT', ''],
  ['POST', 'cancel/'],
  ['POST', 'pause/'],
  ['POST', 'resume/'],
  ['POST', 'run-now/'],
  ['POST', 'retry/'],
  ['DELETE', ''],
] as const;

/** Sends a change with the tag of a state in which the task no longer is. */
async function sendLate(id: string, method: string, verb: string, etag: string) {
  const body = method === 'PATCH' || method === 'PUT' ? { name: 'late', delay: 7200 } : undefined;
  return alice.call(method, `/api/tasks/${id}/${verb}`, body, { 'If-Match': etag });
}

test('the list of requests that change one task is complete', async () => {
  const { body } = await alice.call<{ paths: Record<string, object> }>('GET', '/openapi.json');
  const root = '/api/tasks/{id}';
  const declared = Object.entries(body.paths)
    .filter(([path]) => path.startsWith(root))
    .flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.slice(root.length + 1)}`),
    );
  const listed = changes.map(([method, verb]) => `${method} ${verb.replace('/', '')}`);
  expect(declared.filter((each) => !each.startsWith('GET')).toSorted()).toEqual(listed.toSorted());
});

describe.each([
  ['that has not started', { delay: 3600 }, 'SCHEDULED'],
  ['that has ended', { delay: 0, type: 'echo' }, 'COMPLETED'],
])('of a task %s', (_what, fields, status) => {
  test.each(changes)('%s …/%s is 412 with an old If-Match, and nothing happens', async (method, verb) => {
    const { id } = await alice.create({ name: 'n', ...fields });
    await alice.until(id, status, (task) => task.status === status);
    const before = await alice.call('GET', `/api/tasks/${id}/`);
    expect(await sendLate(id, method, verb, '"another.1.SCHEDULED"')).toMatchObject({
      status: 412,
      body: { code: 'stale_version' },
    });
    expect((await alice.call('GET', `/api/tasks/${id}/`)).body).toEqual(before.body);
  });
});

test('a command or a deletion with the current ETag takes effect, also with * or in a list', async () => {
  const { id } = await alice.create({ name: 'n', delay: 3600 });
  const path = `/api/tasks/${id}/`;
  const current = async () => (await alice.call('GET', path)).headers.get('ETag') ?? '';
  for (const [verb, effect] of [
    ['pause/', 'paused'],
    ['resume/', 'time'],
    ['cancel/', undefined],
  ] as const) {
    const etag = await current();
    const { status } = await alice.call('POST', path + verb, undefined, { 'If-Match': etag });
    expect(status, verb).toBeOneOf([200, 202]);
    await alice.until(id, verb, ({ waiting }) => waiting?.reason === effect);
  }
  const again = await alice.call('POST', `${path}cancel/`, undefined, {
    'If-Match': `"x", ${await current()}`,
  });
  expect(again.status).toBe(200);
  expect((await alice.call('DELETE', path, undefined, { 'If-Match': '*' })).status).toBe(204);
});

test('an action on many tasks rejects If-Match, which stands for one task', async () => {
  const { id } = await alice.create({ name: 'n', delay: 3600 });
  const answer = await alice.call(
    'POST',
    '/api/tasks/actions/',
    { action: 'cancel', ids: [id] },
    { 'If-Match': '"x"' },
  );
  expect(answer).toMatchObject({ status: 400, body: { code: 'malformed_request' } });
  expect(await alice.read(id)).toMatchObject({ status: 'SCHEDULED' });
});
