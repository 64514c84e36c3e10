/** One user's tasks do not exist for another; an admin sees and may act on all. */
import { randomUUID } from 'node:crypto';
import { beforeAll, expect, inject, test } from 'vitest';
import type { Task, TaskSummary } from '../../src/contract/task.ts';
import { type Caller, openFeed, untilDone } from '../support/caller.ts';
import { waitFor } from '../support/wait-for.ts';
import { anonymously, useService } from '../support/service.ts';

const service = useService();
let alice: Caller;
let bob: Caller;
let root: Caller;

beforeAll(async () => {
  [alice, bob, root] = await Promise.all([service.as('alice'), service.as('bob'), service.as('root')]);
});

interface Route {
  readonly method: string;
  readonly path: string;
}

/** Every documented route of a single task, so that a new route is tested without being named here. */
async function taskRoutes(): Promise<Route[]> {
  type Document = { paths: Record<string, Record<string, unknown>> };
  const { body } = await anonymously<Document>(service, 'GET', '/openapi.json');
  return Object.entries(body.paths)
    .filter(([path]) => /^(\/api)?\/tasks\/\{id\}/.test(path))
    .flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => ({ method: method.toUpperCase(), path })),
    );
}

const bodies: Record<string, unknown> = {
  PUT: { name: 'taken over', delay: 0 },
  PATCH: { name: 'taken over' },
};

async function ask(caller: Caller, { method, path }: Route, id: string) {
  const { status, headers, body } = await caller.call(method, `${path.replace('{id}', id)}/`, bodies[method]);
  const { request_id, ...rest } = body ?? {};
  expect(request_id).toEqual(expect.any(String));
  const names = [...headers.keys()].filter((name) => name !== 'keep-alive').toSorted();
  return { status, body: rest, headers: names, type: headers.get('Content-Type') };
}

test('every route of a task answers another user as if the task did not exist, and does not change it', async () => {
  const routes = await taskRoutes();
  const named = routes.map(({ method, path }) => `${method} ${path}`);
  for (const verb of ['cancel', 'retry', 'pause', 'resume', 'run-now']) {
    expect(named).toContain(`POST /api/tasks/{id}/${verb}`);
  }
  expect(named).toEqual(
    expect.arrayContaining([
      'GET /api/tasks/{id}',
      'PUT /api/tasks/{id}',
      'PATCH /api/tasks/{id}',
      'DELETE /api/tasks/{id}',
      'GET /api/tasks/{id}/status',
      'GET /tasks/{id}/status',
    ]),
  );
  const scheduled = await alice.create({ name: 'private', delay: 3600 });
  const { id } = await alice.create({ name: 'private and done', delay: 0 });
  const done = await alice.until(id, 'its end', ({ status }) => status === 'COMPLETED');
  for (const route of routes) {
    const unknown = await ask(bob, route, randomUUID());
    expect(unknown, JSON.stringify(route)).toMatchObject({
      status: 404,
      body: { detail: 'No Task matches the given query.', code: 'not_found' },
    });
    for (const id of [scheduled.id, done.id, done.id.toUpperCase()]) {
      expect(await ask(bob, route, id), JSON.stringify(route)).toEqual(unknown);
    }
  }
  expect(await alice.read(scheduled.id)).toEqual(scheduled);
  expect(await alice.read(done.id)).toEqual(done);
});

test('an invalid id gets the same answer as an unknown one', async () => {
  const unknown = await ask(bob, { method: 'GET', path: '/api/tasks/{id}' }, randomUUID());
  const odd = [
    'x',
    '1',
    '..%2F..',
    '%00',
    '%E0%A4%A',
    "'%20OR%20'1'='1",
    `${randomUUID()}x`,
    'x'.repeat(2000),
  ];
  for (const id of odd) {
    expect(await ask(bob, { method: 'GET', path: '/api/tasks/{id}' }, id), id).toEqual(unknown);
    expect((await ask(bob, { method: 'POST', path: '/api/tasks/{id}/cancel' }, id)).status, id).toBe(404);
  }
});

test("a socket for another user's task is rejected with 404, like one for an unknown task", async () => {
  const { id } = await alice.create({ name: 'private', delay: 3600 });
  const url = (id: string) => `${service.url.replace(/^http/, 'ws')}/ws/tasks/${id}/`;
  const headers = { Authorization: `Bearer ${bob.token}` };
  await expect(openFeed(url(id), headers)).rejects.toMatchObject({ status: 404 });
  await expect(openFeed(url(randomUUID()), headers)).rejects.toMatchObject({ status: 404 });
  await expect(openFeed(url(id))).rejects.toMatchObject({ status: 401 });
  const feed = await openFeed(url(id), { Authorization: `Bearer ${root.token}` });
  feed.socket.close();
});

async function listAll(caller: Caller): Promise<TaskSummary[]> {
  const rows: TaskSummary[] = [];
  let path: string | undefined = '/api/tasks/?limit=100';
  while (path !== undefined) {
    const { status, headers, body }: Awaited<ReturnType<typeof caller.call<TaskSummary[]>>> =
      await caller.call('GET', path);
    expect(status).toBe(200);
    rows.push(...body);
    path = /^<([^>]+)>; rel="next"$/.exec(headers.get('Link') ?? '')?.[1];
  }
  return rows;
}

test("a user's list has only their own tasks, and an admin's list those of all users", async () => {
  const [ofAlice, ofBob] = await Promise.all([
    alice.create({ name: "alice's", delay: 3600 }),
    bob.create({ name: "bob's", delay: 3600 }),
  ]);
  const shows = async (caller: Caller, ...ids: string[]) =>
    waitFor('the list to show them', async () => {
      const rows = await listAll(caller);
      return ids.every((id) => rows.some((row) => row.id === id)) && rows;
    });
  const [alices, bobs, all] = await Promise.all([
    shows(alice, ofAlice.id),
    shows(bob, ofBob.id),
    shows(root, ofAlice.id, ofBob.id),
  ]);
  expect(new Set(alices.map(({ owner }) => owner))).toEqual(new Set([ofAlice.owner]));
  expect(new Set(bobs.map(({ owner }) => owner))).toEqual(new Set([ofBob.owner]));
  expect(ofAlice.owner).not.toBe(ofBob.owner);
  for (const row of [...alices, ...bobs]) expect(row.links).not.toHaveProperty('temporal');
  expect(all.find(({ id }) => id === ofAlice.id)?.links.temporal).toMatch(
    new RegExp(
      `^${inject('temporal').webUiUrl}/namespaces/${inject('temporal').namespace}/workflows/${ofAlice.id}/[0-9a-f-]{36}/history$`,
    ),
  );
});

test("an admin reads and acts on a user's task, which stays that user's; only admins get the link to Temporal", async () => {
  const created = await alice.create({ name: "alice's", delay: 3600 });
  const seen = await root.read(created.id);
  expect(seen).toMatchObject({ name: "alice's", owner: created.owner, links: created.links });
  expect(seen.links.temporal).toContain(created.id);
  expect((await root.create({ name: "root's", delay: 3600 })).links.temporal).toBeDefined();
  const edited = await root.call<Task>('PATCH', `/api/tasks/${created.id}/`, { name: 'renamed by an admin' });
  expect(edited).toMatchObject({ status: 200, body: { owner: created.owner } });
  const cancelled = await untilDone(() => root.call('POST', `/api/tasks/${created.id}/cancel/`));
  expect(cancelled.status).toBe(200);
  const mine = await alice.read(created.id);
  expect(mine).toMatchObject({ name: 'renamed by an admin', status: 'CANCELLED', owner: created.owner });
  for (const task of [created, mine]) expect(task.links).not.toHaveProperty('temporal');
});

test('a user cannot set the owner of a task, neither on creation nor by an edit', async () => {
  const { owner } = await alice.create({ name: "alice's", delay: 3600 });
  const forged = await bob.create({ name: "bob's", delay: 3600, owner, id: randomUUID(), version: 99 });
  expect(forged.owner).not.toBe(owner);
  expect(forged.version).toBe(1);
  const edited = await bob.call<Task>('PATCH', `/api/tasks/${forged.id}/`, { owner, description: 'x' });
  expect(edited).toMatchObject({ status: 200, body: { owner: forged.owner, description: 'x' } });
});
