/** API keys, wherever a token is accepted. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createKeyAdministration } from '../../src/auth/key-administration.ts';
import { keysFilePath, usersFilePath } from '../../src/auth/paths.ts';
import { allScopes, type Scope } from '../../src/auth/principal.ts';
import { createUsers } from '../../src/auth/users.ts';
import { type Caller, createCaller, type Feed, openFeed, RejectedUpgrade } from '../support/caller.ts';
import { waitFor } from '../support/wait-for.ts';
import { type EventStream, openEvents } from '../support/event-stream.ts';
import { allRoutes, isRead } from '../support/routes.ts';
import { anonymously, useService } from '../support/service.ts';

interface Results {
  readonly results: readonly { readonly status: number; readonly task?: object }[];
}

const farAway = { name: 'far away', delay: 86_400 };

const service = useService();
let alice: Caller;
const closers: (() => void)[] = [];

beforeAll(async () => {
  alice = await service.as('alice');
});
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const users = () => createUsers({ path: usersFilePath(service.home) });
const keys = () =>
  createKeyAdministration({
    keysFile: keysFilePath(service.home),
    usersFile: usersFilePath(service.home),
  });

async function keyOf(
  name: string,
  { scopes = allScopes, expiresAt = null }: { scopes?: readonly Scope[]; expiresAt?: number | null } = {},
): Promise<Caller & { prefix: string }> {
  const { key, stored } = await keys().create({
    user: name,
    label: 'of the test',
    scopes,
    expiresAt,
  });
  return { ...createCaller(service.url, key), prefix: stored.prefix };
}

const bearer = ({ token }: Pick<Caller, 'token'>) => ({ Authorization: `Bearer ${token}` });

async function ticketOf(caller: Caller): Promise<string> {
  const { status, body } = await caller.call<{ ticket: string }>('POST', '/api/ws-ticket/');
  expect(status).toBe(200);
  return body.ticket;
}

const withTicket = (ticket: string, id: string) =>
  openFeed(`${service.url.replace('http', 'ws')}/ws/tasks/${id}/?ticket=${ticket}`);

interface Watching {
  readonly feeds: Feed[];
  readonly stream: EventStream;
  /** Codes that the feeds and the stream have ended with; undefined for those still open. */
  ends(): (number | undefined)[];
  untilEnded(deadlineMs?: number): Promise<(number | undefined)[]>;
}

/** Opens a socket by header, one by ticket, the feed of all tasks, and an event stream. */
async function watch(caller: Caller, id: string): Promise<Watching> {
  const feeds = await Promise.all([
    caller.watch(`/ws/tasks/${id}/`),
    withTicket(await ticketOf(caller), id),
    caller.watch('/ws/tasks/'),
  ]);
  const stream = await openEvents(service, id, bearer(caller));
  closers.push(
    stream.leave,
    ...feeds.map(
      ({ socket }) =>
        () =>
          socket.terminate(),
    ),
  );
  await waitFor('the first event', () => stream.text.includes('data:'));
  await feeds[0]?.until('the snapshot', ({ messages }) => messages.length > 0);
  const ends = () => [...feeds.map(({ closed }) => closed.code), stream.end.code];
  return {
    feeds,
    stream,
    ends,
    async untilEnded(deadlineMs = 5000) {
      await waitFor(
        'the ends of the feeds and the stream',
        () => ends().every((code) => code !== undefined),
        deadlineMs,
      );
      return ends();
    },
  };
}

const allEnded = [4401, 4401, 4401, 4401];
const noneEnded = [undefined, undefined, undefined, undefined];

describe('a key', () => {
  test('has the rights of its user, from the first request after its creation', async () => {
    const key = await keyOf(service.users.alice.name);
    const { id, owner } = await key.create(farAway);
    expect(owner).toBe((await alice.read(id)).owner);
    expect([200, 202]).toContain((await key.call('POST', `/api/tasks/${id}/pause/`)).status);
    const bobs = await (await service.as('bob')).create(farAway);
    expect((await key.call('GET', `/api/tasks/${bobs.id}/`)).status).toBe(404);
    expect((await (await keyOf(service.users.root.name)).call('GET', `/api/tasks/${bobs.id}/`)).status).toBe(
      200,
    );
  });

  test('is valid in another API process too, from its first request on', async () => {
    const { secondUrl: url = '' } = service;
    const key = await keyOf(service.users.alice.name);
    expect((await createCaller(url, key.token).call('GET', '/api/tasks/')).status).toBe(200);
  });

  test('that is unknown, truncated or mixed from two keys is rejected like an invalid token', async () => {
    const [{ token }, { token: other }] = await Promise.all([
      keyOf(service.users.alice.name),
      keyOf(service.users.alice.name),
    ]);
    const wrong = [
      token.slice(0, 12) + other.slice(12),
      token.slice(0, -1),
      `${token}x`,
      token.toUpperCase(),
      `tb_${'0'.repeat(8)}_${'A'.repeat(43)}`,
      'tb_',
    ];
    for (const each of wrong) {
      const answer = await createCaller(service.url, each).call('GET', '/api/tasks/');
      expect(answer, each).toMatchObject({
        status: 401,
        body: { code: 'token_not_valid', detail: 'Given token not valid for any token type' },
      });
      expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer realm="api"');
    }
    const upgrade = createCaller(service.url, wrong[0] ?? '').watch('/ws/tasks/');
    await expect(upgrade).rejects.toThrow(new RejectedUpgrade(401));
  });

  test('cannot be exchanged for tokens or a session', async () => {
    const { token, prefix } = await keyOf(service.users.alice.name);
    const attempts = [
      ['/api/token/refresh/', { refresh: token }],
      ['/api/token/', { username: service.users.alice.name, password: token }],
      ['/api/token/', { username: prefix, password: token }],
      ['/api/session/', { username: service.users.alice.name, password: token }],
    ] as const;
    for (const [path, body] of attempts) {
      expect((await anonymously(service, 'POST', path, body, bearer({ token }))).status, path).toBe(401);
    }
    const own = await createCaller(service.url, token).call('GET', '/api/session/');
    expect(own.status).toBe(401);
  });
});

describe('the scopes of a key', () => {
  const missing = (scope: Scope) => ({
    status: 403,
    body: { code: 'forbidden', detail: `This API key does not have the scope "${scope}".` },
  });

  test('limit every route: without write nothing can be written, without read nothing can be read', async () => {
    const routes = (await allRoutes(service)).filter(({ schemes }) => schemes?.includes('bearer'));
    expect(routes.filter(isRead).length).toBeGreaterThan(5);
    expect(routes.filter((route) => !isRead(route)).length).toBeGreaterThan(8);
    const [reader, writer] = [
      await keyOf(service.users.alice.name, { scopes: ['read'] }),
      await keyOf(service.users.alice.name, { scopes: ['write'] }),
    ];
    for (const route of routes) {
      const { method, address } = route;
      const what = `${method} ${address}`;
      const needsRead = isRead(route) || ['/api/ws-ticket/', '/api/schedules/preview/'].includes(address);
      // No route accepts this body: a request that passes the scope check is 400, or 404 for its id.
      const body = isRead(route) || method === 'DELETE' ? undefined : { nonsense: true };
      const [read, written] = [
        await reader.call(method, address, body),
        await writer.call(method, address, body),
      ];
      const [rejected, passed] = needsRead ? [written, read] : [read, written];
      expect(rejected, what).toMatchObject(missing(needsRead ? 'read' : 'write'));
      expect([401, 403], what).not.toContain(passed.status);
    }
  });

  test('without read, show of what is written only its id, status and ETag, whatever the request', async () => {
    const writer = await keyOf(service.users.alice.name, { scopes: ['write'] });
    const secret = { name: 'a secret', description: 'a secret', tags: ['a-secret'] };
    const fields = { ...secret, type: 'echo', payload: { authorization: 'a secret' }, delay: 86_400 };
    const key = { 'Idempotency-Key': randomUUID() };
    const { body: task } = await alice.call('POST', '/api/tasks/', fields, key);
    const id = String(task['id']);
    const ended = await alice.create({ ...fields, delay: 0 });
    await alice.until(ended.id, 'its end', ({ status }) => status === 'COMPLETED');
    const expectCut = (shown: unknown): void => {
      expect(Object.keys(shown as object).toSorted()).toEqual(['id', 'status']);
    };

    for (const [method, path, body, headers] of [
      ['POST', '/api/tasks/', fields, key],
      ['POST', '/api/tasks/', fields],
      ['PATCH', `/api/tasks/${id}/`, {}],
      ['PATCH', `/api/tasks/${id}/`, { priority: 1 }],
      ['PUT', `/api/tasks/${id}/`, { name: 'a secret', delay: 86_400 }],
      ['POST', `/api/tasks/${id}/pause/`],
      ['POST', `/api/tasks/${id}/resume/`],
      ['POST', `/api/tasks/${id}/cancel/`],
      ['POST', `/api/tasks/${id}/cancel/`],
      ['POST', `/api/tasks/${ended.id}/retry/`, { delay: 86_400 }, key],
      ['POST', `/api/tasks/${ended.id}/retry/`, { delay: 86_400 }, key],
      ['POST', `/api/tasks/${ended.id}/run-now/`],
    ] as [string, string, unknown?, Record<string, string>?][]) {
      const answer = await writer.call(method, path, body, headers);
      expect(answer.status, `${method} ${path}`).toBeOneOf([200, 201, 202]);
      expectCut(answer.body);
      expect(answer.headers.get('ETag')).toMatch(/^"/);
    }

    const bulk = { tasks: [fields, { ...fields, name: '' }] };
    const { body: made } = await writer.call<Results>('POST', '/api/tasks/bulk/', bulk);
    expect(made.results).toMatchObject([{ status: 201 }, { status: 400 }]);
    expectCut(made.results[0]?.task);
    const act = { action: 'cancel', ids: [id] };
    const { body: acted } = await writer.call<Results>('POST', '/api/tasks/actions/', act);
    expectCut(acted.results[0]?.task);
  });

  test('limit sockets and event streams, which need read', async () => {
    const { id } = await alice.create(farAway);
    const reader = await keyOf(service.users.alice.name, { scopes: ['read'] });
    const watching = await watch(reader, id);
    expect(watching.ends()).toEqual(noneEnded);
    const writer = await keyOf(service.users.alice.name, { scopes: ['write'] });
    for (const path of [`/ws/tasks/${id}/`, '/ws/tasks/'])
      await expect(writer.watch(path)).rejects.toThrow(new RejectedUpgrade(403));
    expect((await openEvents(service, id, bearer(writer))).status).toBe(403);
    expect((await writer.call('POST', '/api/ws-ticket/')).status).toBe(403);
  });
});

describe('within 5 s', () => {
  const rejected = (caller: Caller) => async () => (await caller.call('GET', '/api/tasks/')).status === 401;

  test('of its revocation, a key is rejected and its sockets and streams end, but not those of other keys and tokens', async () => {
    const { id } = await alice.create(farAway);
    const [key, other] = [await keyOf(service.users.alice.name), await keyOf(service.users.alice.name)];
    const unused = await ticketOf(key);
    const [its, others, tokens] = [await watch(key, id), await watch(other, id), await watch(alice, id)];
    await keys().revoke(key.prefix);
    expect(await its.untilEnded()).toEqual(allEnded);
    await waitFor('the rejection of the key', rejected(key), 5000);
    await expect(withTicket(unused, id)).rejects.toThrow(new RejectedUpgrade(401));
    await expect(key.watch('/ws/tasks/')).rejects.toThrow(new RejectedUpgrade(401));
    expect([others.ends(), tokens.ends()]).toEqual([noneEnded, noneEnded]);
    expect((await other.call('GET', '/api/tasks/')).status).toBe(200);
  });

  test('of its revocation, a key is rejected by every API process', async () => {
    const { secondUrl: url = '' } = service;
    const key = await keyOf(service.users.alice.name);
    const there = createCaller(url, key.token);
    expect((await there.call('GET', '/api/tasks/')).status).toBe(200);
    await keys().revoke(key.prefix);
    await waitFor('the rejection of the key', rejected(there), 5000);
  });

  test('of the removal of its user, a key is rejected for good and its sockets and streams end', async () => {
    const name = `carol-${randomUUID()}`;
    await users().add(name, 'a-good-password', 'user');
    const key = await keyOf(name);
    const watching = await watch(key, (await key.create(farAway)).id);
    await users().remove(name);
    expect(await watching.untilEnded()).toEqual(allEnded);
    await waitFor('the rejection of the key', rejected(key), 5000);
    await users().add(name, 'a-good-password', 'user');
    expect(await rejected(key)()).toBe(true);
  });

  test('of the demotion of its user from admin, a key loses those rights and its sockets and streams end', async () => {
    const name = `erin-${randomUUID()}`;
    await users().add(name, 'a-good-password', 'admin');
    const key = await keyOf(name);
    const { id } = await alice.create(farAway);
    const watching = await watch(key, id);
    await users().changeRole(name, 'user');
    expect(await watching.untilEnded()).toEqual(allEnded);
    const hidden = async () => (await key.call('GET', `/api/tasks/${id}/`)).status === 404;
    await waitFor('the task to be hidden', hidden, 5000);
    expect((await key.call('GET', '/api/tasks/')).status).toBe(200);
  });
});

test('a key is rejected from its expiry on, and its sockets and streams end then, not before', async () => {
  const { id } = await alice.create(farAway);
  const expiresAt = Date.now() + 4000;
  const key = await keyOf(service.users.alice.name, { expiresAt });
  const watching = await watch(key, id);
  expect(watching.ends()).toEqual(noneEnded);
  expect(await watching.untilEnded(10_000)).toEqual(allEnded);
  expect(Date.now()).toBeGreaterThanOrEqual(expiresAt);
  expect(watching.feeds.map(({ closed }) => closed.reason)).toEqual(Array(3).fill('token expired'));
  expect((await key.call('GET', '/api/tasks/')).status).toBe(401);
});
