import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Client, createClient, TaskbellError } from '../../src/client/node.ts';
import { type FaultyProxy, startFaultyProxy } from '../support/faulty-proxy.ts';
import { callUrl } from '../support/caller.ts';
import { useService } from '../support/service.ts';
import { hasEnded } from '../support/task.ts';

const hour = 3600;

const service = useService();
let proxy: FaultyProxy;
let tasks: Client['tasks'];

beforeAll(async () => {
  proxy = await startFaultyProxy(service.url);
  tasks = clientOf('alice').tasks;
  // Signs in first, so that the proxy sees only the requests of the tests.
  await tasks.counts();
  proxy.requests.splice(0);
});

afterAll(async () => {
  await proxy.close();
});

afterEach(() => {
  vi.unstubAllGlobals();
  proxy.requests.splice(0);
});

function clientOf(username: 'alice' | 'bob', url = proxy.url): Client {
  const { name, password } = service.users[username];
  return createClient({ url, username: name, password });
}

async function errorOf(calling: Promise<unknown>): Promise<TaskbellError> {
  const error: unknown = await calling.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof TaskbellError)) throw new Error(`Expected a TaskbellError, got: ${String(error)}`);
  return error;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('the client', () => {
  test('creates, reads, edits, pauses, resumes, runs, retries, cancels and deletes tasks; a stale edit is a 412', async () => {
    const made = await tasks.create({ name: 'one', type: 'echo', delay: hour, tags: ['client'] });
    expect(made).toMatchObject({ name: 'one', status: 'SCHEDULED' });
    const { task, etag } = await tasks.getWithTag(made.id);
    expect(task).toMatchObject({ id: made.id, version: 1 });
    expect(await tasks.edit(made.id, { name: 'two' }, { ifMatch: etag })).toMatchObject({ name: 'two' });
    const stale = await errorOf(tasks.edit(made.id, { name: 'three' }, { ifMatch: etag }));
    expect(stale).toMatchObject({ status: 412, code: 'stale_version' });
    expect(await tasks.status(made.id)).toMatchObject({ status: 'SCHEDULED' });
    for (const late of [tasks.cancel, tasks.pause, tasks.resume, tasks.runNow, tasks.remove])
      expect((await errorOf(late(made.id, { ifMatch: etag }))).status).toBe(412);
    expect(await tasks.pause(made.id)).toMatchObject({ waiting: { reason: 'paused' } });
    expect(await tasks.resume(made.id)).toMatchObject({ waiting: { reason: 'time' } });
    await tasks.runNow(made.id);
    await expect.poll(async () => hasEnded(await tasks.get(made.id)), { timeout: 40_000 }).toBe(true);
    expect(await tasks.retry(made.id, { delay: hour })).toMatchObject({ retry_count: 1 });
    expect(await tasks.cancel(made.id)).toMatchObject({ status: 'CANCELLED' });
    await tasks.remove(made.id);
    const reading = async () => (await errorOf(tasks.get(made.id))).code;
    await expect.poll(reading, { timeout: 20_000 }).toBe('not_found');
  });

  test('creates many tasks, lists and counts those that match a filter, page by page, and cancels them', async () => {
    const tag = `list-${randomUUID()}`;
    const many = Array.from({ length: 7 }, (_, index) => ({ name: `n ${index}`, delay: hour, tags: [tag] }));
    const results = await tasks.createMany(many);
    const ids = results.map((result) => ('task' in result ? result.task.id : undefined));
    expect(results.map(({ status }) => status)).toEqual(Array.from({ length: 7 }, () => 201));
    await expect.poll(async () => (await tasks.counts({ tag: [tag] })).total, { timeout: 10_000 }).toBe(7);
    proxy.requests.splice(0);
    const listed = await all(tasks.list({ tag: [tag], status: ['SCHEDULED'] }, { pageSize: 3 }));
    expect(listed).toHaveLength(7);
    expect(new Set(listed.map(({ id }) => id))).toEqual(new Set(ids));
    expect(proxy.requests.length).toBeGreaterThanOrEqual(3);
    expect(await tasks.countFor('cancel', { filter: { tag: [tag] } })).toBe(7);
    const cancelled = await tasks.act('cancel', { filter: { tag: [tag] } });
    expect(new Set(cancelled.map(({ id }) => id))).toEqual(new Set(ids));
    const history = await all(tasks.history(ids[0] ?? '', { pageSize: 1 }));
    expect(history[0]).toMatchObject({ type: 'created', by: { name: service.users.alice.name } });
  });

  test('lists the task types', async () => {
    const types = await clientOf('alice').taskTypes.list();
    expect(types.map(({ name }) => name)).toContain('process-data');
  });

  test("throws the service's errors, with a pointer to each invalid field", async () => {
    const rejected = await errorOf(tasks.create({ name: ' ', delay: -1 }));
    expect(rejected).toMatchObject({ status: 400, code: 'validation' });
    expect(rejected.errors.map(({ pointer }) => pointer)).toEqual(['/name', '/delay']);
    expect(rejected.requestId).toMatch(/^[0-9a-f-]{36}$/);
    const his = await clientOf('bob').tasks.create({ name: 'his', delay: hour });
    expect(await errorOf(tasks.get(his.id))).toMatchObject({ status: 404, code: 'not_found' });
    const wrong = createClient({ url: service.url, username: service.users.alice.name, password: 'wrong' });
    expect(await errorOf(wrong.tasks.get(his.id))).toMatchObject({ status: 401, code: 'no_active_account' });
  });

  test('makes idempotency keys in pages over plain http, too, which lack crypto.randomUUID', async () => {
    // Such pages have no `crypto.randomUUID`.
    const getRandomValues = crypto.getRandomValues.bind(crypto);
    vi.stubGlobal('crypto', { getRandomValues });
    const [one, two] = [
      await tasks.create({ name: 'n', delay: hour }),
      await tasks.create({ name: 'n', delay: hour }),
    ];
    expect(one.id).not.toBe(two.id);
  });

  test('encodes ids, so that none can lead to another path', async () => {
    expect(await errorOf(tasks.get('../task-types'))).toMatchObject({ status: 404 });
    expect(proxy.requests[0]?.path).toBe('/api/tasks/..%2Ftask-types/');
  });
});

describe('when the network fails', () => {
  test('a creation whose response is lost is sent again, and creates one task', async () => {
    const tag = `lost-${randomUUID()}`;
    proxy.fail('lose-answer', 'lose-answer');
    const made = await tasks.create({ name: 'once', delay: hour, tags: [tag] });
    expect(proxy.requests.map(({ method }) => method)).toEqual(['POST', 'POST', 'POST']);
    await expect.poll(async () => (await tasks.counts({ tag: [tag] })).total, { timeout: 10_000 }).toBe(1);
    expect((await tasks.get(made.id)).name).toBe('once');
  });

  test('a deletion or an action, which could then be done twice, is not sent again', async () => {
    const { id } = await tasks.create({ name: 'deleted', delay: hour });
    proxy.requests.splice(0);
    proxy.fail('lose-answer');
    expect(await errorOf(tasks.remove(id))).toMatchObject({ status: 0, code: 'unreachable' });
    proxy.fail('lose-answer');
    expect(await errorOf(tasks.act('retry', { ids: [id] }))).toMatchObject({ code: 'unreachable' });
    expect(proxy.requests).toHaveLength(2);
  });

  test('a read is retried after 503 and 429 when Retry-After says, but one that would wait an hour fails at once', async () => {
    proxy.fail({ status: 503 }, { status: 429, headers: { 'Retry-After': '1' } });
    const before = Date.now();
    await tasks.counts();
    expect(Date.now() - before).toBeGreaterThanOrEqual(1000);
    expect(proxy.requests).toHaveLength(3);
    proxy.requests.splice(0);
    proxy.fail({ status: 503, headers: { 'Retry-After': '3600' } });
    expect(await errorOf(tasks.counts())).toMatchObject({ status: 503, retryAfterSeconds: 3600 });
    expect(proxy.requests).toHaveLength(1);
  });

  test('a Retry-After can be a date, as some proxies send it', async () => {
    const inAnHour = new Date(Date.now() + hour * 1000).toUTCString();
    proxy.fail({ status: 503, headers: { 'Retry-After': inAnHour } });
    const { retryAfterSeconds = 0 } = await errorOf(tasks.counts());
    expect(retryAfterSeconds).toBeGreaterThan(hour - 60);
    expect(retryAfterSeconds).toBeLessThanOrEqual(hour);
  });

  test('a response that is not from Taskbell is reported as such', async () => {
    proxy.fail(...Array.from({ length: 4 }, () => ({ status: 200 })));
    const error = await errorOf(tasks.counts());
    expect(error).toMatchObject({ status: 0, code: 'unreachable' });
    expect(error.message).toMatch(/not from Taskbell/);
    expect(proxy.requests).toHaveLength(4);
  });

  test('the client gives up after four tries', async () => {
    proxy.fail(...Array.from({ length: 5 }, () => ({ status: 502 })));
    expect(await errorOf(tasks.counts())).toMatchObject({ status: 502, code: 'unknown' });
    expect(proxy.requests).toHaveLength(4);
    // Uses up the last fault.
    await tasks.counts();
  });

  test('an abort ends the tries, and its reason is thrown', async () => {
    proxy.fail({ status: 429, headers: { 'Retry-After': '20' } });
    const abort = new AbortController();
    const counting = tasks.counts({}, { signal: abort.signal });
    await expect.poll(() => proxy.requests.length).toBe(1);
    abort.abort(new Error('enough'));
    await expect(counting).rejects.toThrow('enough');
  });

  test('an abort does not wait for a sign-in that is in progress', async () => {
    const late = clientOf('alice');
    proxy.fail('hang');
    const abort = new AbortController();
    const counting = late.tasks.counts({}, { signal: abort.signal });
    await expect.poll(() => proxy.requests.map(({ path }) => path)).toEqual(['/api/token/']);
    abort.abort(new Error('enough'));
    await expect(counting).rejects.toThrow('enough');
  });

  test('a response that does not arrive within timeoutMs is reported as such', async () => {
    proxy.fail('hang');
    const impatient = createClient({ url: proxy.url, token: 'x', timeoutMs: 200 });
    const error = await errorOf(impatient.tasks.act('cancel', { ids: [randomUUID()] }));
    expect(error).toMatchObject({ status: 0, code: 'unreachable' });
    expect(error.message).toMatch(/did not answer within/);
  });
});

describe('an expired access token', () => {
  /** Returns a fetch that replaces the first access token that the service issues by an invalid one. */
  function corruptingFetch(): { fetch: typeof fetch; paths: string[] } {
    const paths: string[] = [];
    let isCorrupted = false;
    return {
      paths,
      async fetch(input, init) {
        const path = new URL(input instanceof Request ? input.url : input).pathname;
        paths.push(path);
        const response = await fetch(input, init);
        if (path !== '/api/token/' || isCorrupted) return response;
        isCorrupted = true;
        return Response.json({ ...((await response.json()) as object), access: 'ended' });
      },
    };
  }

  test('is refreshed once, even if several requests find it expired', async () => {
    const { fetch, paths } = corruptingFetch();
    const client = createClient({
      url: service.url,
      username: service.users.alice.name,
      password: service.users.alice.password,
      fetch,
    });
    await Promise.all([client.tasks.counts(), client.tasks.counts(), client.taskTypes.list()]);
    expect(paths.filter((path) => path === '/api/token/')).toHaveLength(1);
    expect(paths.filter((path) => path === '/api/token/refresh/')).toHaveLength(1);
  });

  test('is not refreshed again for a request that gets its 401 only after the refresh', async () => {
    const { fetch: corrupting, paths } = corruptingFetch();
    let renewed: () => void = () => undefined;
    const renewal = new Promise<void>((resolve) => (renewed = resolve));
    const client = createClient({
      url: service.url,
      username: service.users.alice.name,
      password: service.users.alice.password,
      async fetch(input, init) {
        const response = await corrupting(input, init);
        const path = new URL(response.url || service.url).pathname;
        if (path === '/api/task-types/' && response.status === 401) await renewal;
        if (path === '/api/tasks/counts/' && response.ok) renewed();
        return response;
      },
    });
    await Promise.all([client.tasks.counts(), client.taskTypes.list()]);
    expect(paths.filter((path) => path === '/api/task-types/')).toHaveLength(2);
    expect(paths.filter((path) => path === '/api/token/refresh/')).toHaveLength(1);
  });

  test('is renewed by the refresh token also after an error of the service, without another sign-in', async () => {
    const { fetch: corrupting, paths } = corruptingFetch();
    let failures = 1;
    const client = createClient({
      url: service.url,
      username: service.users.alice.name,
      password: service.users.alice.password,
      async fetch(input, init) {
        const isRefresh = new URL(input instanceof Request ? input.url : input).pathname.endsWith(
          '/refresh/',
        );
        if (!isRefresh || failures === 0) return corrupting(input, init);
        failures -= 1;
        return new Response('no', { status: 500 });
      },
    });
    expect(await errorOf(client.tasks.counts())).toMatchObject({ status: 500 });
    expect((await client.tasks.counts()).counts).toBeDefined();
    expect(paths.filter((path) => path === '/api/token/')).toHaveLength(1);
    expect(paths.filter((path) => path === '/api/token/refresh/')).toHaveLength(1);
  });

  test('is replaced if tokens come from a function, while a fixed one fails with 401', async () => {
    const { token } = await service.as('alice');
    const given = ['ended', token];
    const client = createClient({ url: service.url, token: () => given.shift() ?? token });
    expect((await client.tasks.counts()).counts).toBeDefined();
    const fixed = createClient({ url: service.url, token: 'ended' });
    expect(await errorOf(fixed.tasks.counts())).toMatchObject({ status: 401 });
  });
});

describe('signing out', () => {
  /** Returns a client of alice's, and the access token that it has sent last. */
  function watchedClient() {
    const sent = { token: '' };
    const { name: username, password } = service.users.alice;
    const client = createClient({
      url: proxy.url,
      username,
      password,
      async fetch(input, init) {
        sent.token = new Headers(init?.headers).get('Authorization')?.replace('Bearer ', '') ?? sent.token;
        return fetch(input, init);
      },
    });
    return { client, sent };
  }
  const paths = (): string[] => proxy.requests.map(({ path }) => path);

  test('ends the tokens of the client; the next request signs in again', async () => {
    const { client, sent } = watchedClient();
    await client.tasks.counts();
    const { token } = sent;
    await client.signOut();
    const ended = createClient({ url: service.url, token });
    expect(await errorOf(ended.tasks.counts())).toMatchObject({ status: 401, code: 'token_not_valid' });
    await client.tasks.counts();
    expect(sent.token).not.toBe(token);
    expect(paths()).toEqual([
      '/api/token/',
      '/api/tasks/counts/',
      '/api/token/blacklist/',
      '/api/token/',
      '/api/tasks/counts/',
    ]);
  });

  test('is repeated if no response came, until it is known that the tokens have ended', async () => {
    const { client } = watchedClient();
    await client.tasks.counts();
    proxy.requests.splice(0);
    proxy.fail('lose-answer', { status: 503 });
    await client.signOut();
    // The third response was 401: the first request has ended the token.
    expect(paths()).toEqual(Array(3).fill('/api/token/blacklist/'));
    await client.signOut();
    expect(paths()).toHaveLength(3);
  });

  test('reports a failure, and can be tried again', async () => {
    const { client, sent } = watchedClient();
    await client.tasks.counts();
    proxy.fail({ status: 500 });
    expect(await errorOf(client.signOut())).toMatchObject({ status: 500 });
    await client.signOut();
    const ended = createClient({ url: service.url, token: sent.token });
    expect(await errorOf(ended.tasks.counts())).toMatchObject({ status: 401 });
  });

  test('does not take the 401 of a proxy for the end of the tokens', async () => {
    const { client } = watchedClient();
    await client.tasks.counts();
    proxy.fail({ status: 401 });
    expect(await errorOf(client.signOut())).toMatchObject({ status: 401, code: 'unknown' });
    proxy.requests.splice(0);
    await client.signOut();
    expect(paths()).toEqual(['/api/token/blacklist/']);
  });

  test('sends nothing if its signal was aborted before, and stops when it is aborted', async () => {
    const { client } = watchedClient();
    await client.tasks.counts();
    proxy.requests.splice(0);
    const before = AbortSignal.abort(new Error('enough'));
    await expect(client.signOut({ signal: before })).rejects.toThrow('enough');
    expect(paths()).toEqual([]);
    proxy.fail({ status: 429, headers: { 'Retry-After': '1' } });
    const abort = new AbortController();
    const signingOut = client.signOut({ signal: abort.signal });
    await expect.poll(paths).toHaveLength(1);
    abort.abort(new Error('enough'));
    await expect(signingOut).rejects.toThrow('enough');
    expect((await client.tasks.counts()).counts).toBeDefined();
    await client.signOut();
    // The aborted one was not repeated.
    expect(paths().filter((path) => path === '/api/token/blacklist/')).toHaveLength(2);
  });

  test('ends the tokens of a sign-in that is in progress because the earlier ones were rejected', async () => {
    type Pair = { access: string; refresh: string };
    const pairs: Pair[] = [];
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const { name: username, password } = service.users.alice;
    const client = createClient({
      url: service.url,
      username,
      password,
      async fetch(input, init) {
        const response = await fetch(input, init);
        if (new URL(response.url).pathname !== '/api/token/') return response;
        const pair = (await response.json()) as Pair;
        pairs.push(pair);
        if (pairs.length === 1) return Response.json({ access: 'ended', refresh: 'ended' });
        await released;
        return Response.json(pair);
      },
    });
    const counting = client.tasks.counts();
    await expect.poll(() => pairs.length).toBe(2);
    const signingOut = client.signOut();
    release();
    await Promise.all([counting, signingOut]);
    const { status } = await callUrl(`${service.url}/api/token/refresh/`, 'POST', {
      refresh: pairs[1]?.refresh,
    });
    expect(status).toBe(401);
  });

  test('sends nothing if the client holds no tokens, or was given one', async () => {
    await clientOf('alice').signOut();
    const { token } = await service.as('alice');
    const given = createClient({ url: proxy.url, token });
    await given.signOut();
    expect(paths()).toEqual([]);
    expect((await given.tasks.counts()).counts).toBeDefined();
  });
});
