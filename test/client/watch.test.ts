import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createUsers } from '../../src/auth/users.ts';
import { usersFilePath } from '../../src/auth/paths.ts';
import {
  type Client,
  createClient,
  type Notice,
  TaskbellError,
  type TaskEvent,
  type TaskSummary,
} from '../../src/client/node.ts';
import { freePorts } from '../support/free-ports.ts';
import { useService } from '../support/service.ts';

const hour = 3600;

const service = useService();
let client: Client;

beforeAll(async () => {
  client = createClient({
    url: service.url,
    username: service.users.alice.name,
    password: service.users.alice.password,
  });
});

const aborts: AbortController[] = [];
afterEach(() => {
  for (const abort of aborts.splice(0)) abort.abort();
});

function ending(): AbortSignal {
  const abort = new AbortController();
  aborts.push(abort);
  return abort.signal;
}

/** Collects the items in the background. */
function collect<T>(items: AsyncIterable<T>): { readonly items: T[]; readonly ended: Promise<unknown> } {
  const found: T[] = [];
  const ended = (async () => {
    for await (const item of items) found.push(item);
  })();
  // Tests that depend on it await it.
  ended.catch(() => undefined);
  return { items: found, ended };
}

const slow = { type: 'slow', payload: { steps: 3, step_ms: 400 } };

describe('watching a task', () => {
  test("yields its states in order, and until: 'ended' stops it at the end of the task", async () => {
    const { id } = await client.tasks.create({ name: 'watched', delay: 1, ...slow });
    const { items, ended } = collect(client.tasks.watch(id, { until: 'ended' }));
    await ended;
    const statuses = items.map(({ status }) => status).filter((status, at, all) => status !== all[at - 1]);
    expect(statuses.at(0)).toBe('SCHEDULED');
    expect(statuses.slice(-2)).toEqual(['RUNNING', 'COMPLETED']);
    expect(items.at(-1)).toMatchObject({ type: 'slow', result: { steps: 3 } });
    expect(items.some(({ progress }) => (progress?.percent ?? 0) > 0)).toBe(true);
  });

  test('continues over a retry by default, and ends when the task is deleted', async () => {
    const { id } = await client.tasks.create({ name: 'again', delay: 0, type: 'echo' });
    const { items, ended } = collect(client.tasks.watch(id, { signal: ending() }));
    const ends = () => items.filter(({ status }) => status === 'COMPLETED').length;
    await expect.poll(ends, { timeout: 20_000 }).toBe(1);
    await client.tasks.retry(id);
    await expect.poll(ends, { timeout: 20_000 }).toBe(2);
    await client.tasks.remove(id);
    await ended;
    const versions = items.map(({ version }) => version);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
  });

  test('skips states for a slow reader, but yields the latest and the end', async () => {
    const { id } = await client.tasks.create({ name: 'slowly', delay: 0, ...slow });
    const states = client.tasks.watch(id, { until: 'ended' });
    const first = await states.next();
    expect(first.value).toMatchObject({ id });
    await expect
      .poll(async () => (await client.tasks.status(id)).status, { timeout: 20_000 })
      .toBe('COMPLETED');
    // The client keeps what has arrived in the meantime, but not every state.
    const left = collect(states);
    await left.ended;
    expect(left.items.length).toBeLessThanOrEqual(2);
    expect(left.items.at(-1)).toMatchObject({ status: 'COMPLETED', result: { steps: 3 } });
  });

  test('is ended by its signal, whose reason is thrown', async () => {
    const { id } = await client.tasks.create({ name: 'left', delay: hour });
    const abort = new AbortController();
    const { items, ended } = collect(client.tasks.watch(id, { signal: abort.signal }));
    await expect.poll(() => items.length, { timeout: 10_000 }).toBe(1);
    abort.abort(new Error('seen enough'));
    await expect(ended).rejects.toThrow('seen enough');
  });

  test("is rejected with 404 for another user's task, 403 for another user's tasks and 401 for an invalid token", async () => {
    const bob = createClient({
      url: service.url,
      username: service.users.bob.name,
      password: service.users.bob.password,
    });
    const { id } = await bob.tasks.create({ name: 'his', delay: hour });
    for (const [watching, status] of [
      [client.tasks.watch(id), 404],
      [client.tasks.watchAll({ owner: 'another-user' }), 403],
      [createClient({ url: service.url, token: 'x' }).tasks.watch(id), 401],
    ] as const) {
      const error: unknown = await watching.next().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TaskbellError);
      expect(error).toMatchObject({ status });
    }
  });

  test('continues after a restart of the service, and does not repeat the state it has yielded', async () => {
    const [free] = await freePorts(1);
    const port = String(free);
    const first = await service.startApi({ PORT: port });
    const url = first.url ?? '';
    const { tasks } = createClient({
      url,
      username: service.users.alice.name,
      password: service.users.alice.password,
    });
    const { id } = await tasks.create({ name: 'lasting', delay: hour, type: 'echo' });
    const notices: Notice['notice'][] = [];
    const watching = tasks.watch(id, {
      until: 'ended',
      signal: ending(),
      onNotice: ({ notice }) => void notices.push(notice),
    });
    const { items, ended } = collect(watching);
    await expect.poll(() => items.length, { timeout: 10_000 }).toBe(1);
    await first.close();
    await expect.poll(() => notices, { timeout: 10_000 }).toContain('disconnected');
    // The task changes while its watcher has no connection.
    await client.tasks.runNow(id);
    await service.startApi({ PORT: port });
    await ended;
    expect(items.at(-1)).toMatchObject({ status: 'COMPLETED' });
    expect(notices.filter((notice) => notice === 'connected')).toHaveLength(2);
    // The state that was already yielded is not repeated.
    expect(items.filter(({ status }) => status === 'SCHEDULED')).toHaveLength(1);
  });

  test('fails with 401 once its account is removed', async () => {
    const users = createUsers({ path: usersFilePath(service.home) });
    await users.add('leaver', 'a-good-password', 'user');
    const leaver = createClient({ url: service.url, username: 'leaver', password: 'a-good-password' });
    const { id } = await leaver.tasks.create({ name: 'left behind', delay: hour });
    const { items, ended } = collect(leaver.tasks.watch(id));
    await expect.poll(() => items.length, { timeout: 10_000 }).toBe(1);
    await users.remove('leaver');
    await expect(ended).rejects.toMatchObject({ status: 401 });
  });
});

describe('watching all tasks', () => {
  test('reports matching tasks that are created, that change and that are deleted, and no others', async () => {
    const events: TaskEvent[] = [];
    const tag = 'watched-by-all';
    const watching = client.tasks.watchAll({ tag: [tag] }, { signal: ending() });
    const connected = (async () => {
      for await (const event of watching) events.push(event);
    })();
    connected.catch(() => undefined);
    const seen = (id: string): TaskSummary[] =>
      events.flatMap((event) => (event.type === 'task' && event.task.id === id ? [event.task] : []));
    const { id } = await client.tasks.create({ name: 'one', type: 'echo', delay: hour, tags: [tag] });
    const other = await client.tasks.create({ name: 'another', type: 'echo', delay: hour });
    await expect.poll(() => seen(id).length, { timeout: 20_000 }).toBeGreaterThan(0);
    await client.tasks.runNow(id);
    await client.tasks.runNow(other.id);
    await expect.poll(() => seen(id).at(-1)?.status, { timeout: 20_000 }).toBe('COMPLETED');
    await client.tasks.remove(id);
    await expect
      .poll(() => events.some((event) => event.type === 'deleted' && event.id === id), { timeout: 20_000 })
      .toBe(true);
    expect(seen(other.id)).toEqual([]);
  });
});
