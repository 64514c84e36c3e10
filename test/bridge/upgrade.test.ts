import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Caller, createCaller, openFeed, RejectedUpgrade } from '../support/caller.ts';
import { openEvents } from '../support/event-stream.ts';
import { waitFor } from '../support/wait-for.ts';
import { useService } from '../support/service.ts';

const service = useService();
let alice: Caller;
let bob: Caller;
let root: Caller;
let id: string;

beforeAll(async () => {
  [alice, bob, root] = await Promise.all([service.as('alice'), service.as('bob'), service.as('root')]);
  ({ id } = await alice.create({ name: 'far away', delay: 86_400 }));
});

interface Rejection {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
}

/** Requests the upgrade and reads the response that rejects it. (A WebSocket library shows only its status.) */
async function rejection(path: string, headers: Record<string, string> = {}): Promise<Rejection> {
  const upgrading = request(`${service.url}${path}`, {
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'MDEyMzQ1Njc4OWFiY2RlZg==',
      ...headers,
    },
  }).end();
  // Without this, an upgrade that succeeds would leave the test waiting until its timeout.
  upgrading.once('upgrade', (_response, socket) => {
    socket.destroy();
    upgrading.emit('error', new Error('The upgrade succeeded'));
  });
  const [response] = (await once(upgrading, 'response')) as [IncomingMessage];
  const text = (await response.toArray()).join('');
  const body = JSON.parse(text) as Record<string, unknown>;
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

const bearer = ({ token }: Caller) => ({ Authorization: `Bearer ${token}` });

async function ticketOf(caller: Caller): Promise<string> {
  const { body } = await caller.call<{ ticket: string }>('POST', '/api/ws-ticket/');
  return body.ticket;
}

function withTicket(ticket: string, headers: Record<string, string> = {}) {
  return openFeed(
    `${service.url.replace('http', 'ws')}/ws/tasks/${id}/?ticket=${encodeURIComponent(ticket)}`,
    headers,
  );
}

test('an account can have as many sockets and event streams open as configured, and others once these are closed', async () => {
  const { url = '' } = await service.startApi({ TASKBELL_MAX_FEEDS: '3' });
  const [user, other] = [createCaller(url, alice.token), createCaller(url, root.token)];
  const path = `/ws/tasks/${id}/`;
  const feeds = [await user.watch(path), await user.watch('/ws/tasks/')];
  const stream = await openEvents({ url }, id, bearer(user));
  expect(stream.status).toBe(200);
  const tooMany = new RejectedUpgrade(429);
  await expect(user.watch(path)).rejects.toThrow(tooMany);
  const rejected = await user.call('GET', `/api/tasks/${id}/events/`);
  expect(rejected).toMatchObject({ status: 429, body: { code: 'too_many_requests' } });
  expect(Number(rejected.headers.get('Retry-After'))).toBeGreaterThan(0);
  // Rejected ones, of whatever kind, take nothing.
  const unknown = `/ws/tasks/${randomUUID()}/`;
  for (let index = 0; index < 5; index += 1)
    await expect(other.watch(unknown)).rejects.toThrow(new RejectedUpgrade(404));
  feeds.push(await other.watch(path));
  stream.leave();
  feeds[0]?.socket.close();
  const opened = await waitFor('two places', async () => {
    const both = await Promise.allSettled([user.watch(path), user.watch(path)]);
    const open = both.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    if (open.length < 2) for (const { socket } of open) socket.close();
    return open.length === 2 && open;
  });
  for (const { socket } of [...feeds, ...opened]) socket.close();
});

describe('an upgrade', () => {
  test("is followed by the task's snapshot, without its payload and attempts", async () => {
    const feed = await alice.watch(`/ws/tasks/${id}/`);
    await feed.until('the snapshot', ({ messages }) => messages.length > 0);
    feed.socket.close();
    const task = await alice.read(id);
    const { payload: _payload, attempts: _attempts, ...summary } = task;
    expect(feed.messages).toEqual([{ ...summary, type: 'task', task_type: 'process-data' }]);
  });

  test.each([
    ['without a trailing slash', (task: string) => `/ws/tasks/${task}`],
    ['with the id in upper case', (task: string) => `/ws/tasks/${task.toUpperCase()}/`],
  ])('works %s', async (_what, path) => {
    const feed = await alice.watch(path(id));
    await feed.until('the snapshot', ({ messages }) => messages.length > 0);
    feed.socket.close();
    expect(feed.tasks()[0]?.id).toBe(id);
  });

  test("lets an admin watch another owner's task", async () => {
    const feed = await root.watch(`/ws/tasks/${id}/`);
    await feed.until('the snapshot', ({ messages }) => messages.length > 0);
    feed.socket.close();
    expect(feed.tasks()[0]?.id).toBe(id);
  });
});

describe('a rejected upgrade', () => {
  test('without a token is a 401 with a problem document', async () => {
    const { status, headers, body } = await rejection(`/ws/tasks/${id}/`);
    expect(status).toBe(401);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(headers['www-authenticate']).toBe('Bearer realm="api"');
    expect(body).toMatchObject({
      status: 401,
      code: 'not_authenticated',
      detail: 'Authentication credentials were not provided.',
    });
    expect(body['request_id']).toEqual(expect.any(String));
    expect(headers['x-request-id']).toBe(body['request_id']);
    expect(headers['cache-control']).toBe('no-store');
  });

  test.each([
    ['a key', { 'Sec-WebSocket-Key': '' }],
    ['a version of today', { 'Sec-WebSocket-Version': '7' }],
  ])('without %s is a 400 with a problem document', async (_what, lacking) => {
    const { status, headers, body } = await rejection(`/ws/tasks/${id}/`, { ...bearer(alice), ...lacking });
    expect({ status, code: body['code'] }).toEqual({ status: 400, code: 'malformed_request' });
    expect(headers['sec-websocket-version']).toBe('13');
    expect(headers['x-request-id']).toBe(body['request_id']);
  });

  test.each(['Bearer nonsense', 'Bearer', 'Bearer a b', 'Basic YWxpY2U6eA=='])(
    'with the credentials %j is a 401',
    async (Authorization) => {
      expect((await rejection(`/ws/tasks/${id}/`, { Authorization })).status).toBe(401);
    },
  );

  test("is the same 404 for another owner's task as for one that does not exist", async () => {
    const others = await rejection(`/ws/tasks/${id}/`, bearer(bob));
    const unknown = await rejection('/ws/tasks/00000000-0000-4000-8000-000000000000/', bearer(bob));
    for (const { body } of [others, unknown]) delete body['request_id'];
    expect(others.status).toBe(404);
    expect(others.body).toEqual(unknown.body);
    expect(Object.keys(others.headers)).toEqual(Object.keys(unknown.headers));
  });

  test.each([
    '/api/nothing/',
    '/ws/',
    '/ws/tasks/nothing/',
    '/ws/tasks/../../etc/passwd',
    '/ws/schedules/',
    '//ws/tasks/x/',
  ])('for the path %s is a 404', async (path) => {
    expect((await rejection(path, bearer(alice))).status).toBe(404);
  });

  test('at a path without feeds is answered as any other request there', async () => {
    expect((await rejection('/healthz')).status).toBe(200);
    expect((await rejection('/api/tasks/', bearer(alice))).status).toBe(200);
  });

  test('does not harm the service, even 50 times at once', async () => {
    await Promise.all(Array.from({ length: 50 }, () => rejection(`/ws/tasks/${id}/`)));
    expect((await alice.read(id)).id).toBe(id);
  });
});

describe('a ticket', () => {
  test('opens a socket once, and is rejected with 401 the second time', async () => {
    const ticket = await ticketOf(alice);
    const feed = await withTicket(ticket, { Origin: service.url });
    await feed.until('the snapshot', ({ messages }) => messages.length > 0);
    await expect(withTicket(ticket, { Origin: service.url })).rejects.toThrow(new RejectedUpgrade(401));
    feed.socket.close();
  });

  test('that is redeemed ten times at once opens one socket', async () => {
    const ticket = await ticketOf(alice);
    const opened = await Promise.allSettled(Array.from({ length: 10 }, () => withTicket(ticket)));
    const feeds = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    for (const { socket } of feeds) socket.close();
    expect(feeds).toHaveLength(1);
  });

  test.each(['https://evil.example', 'null', 'not an origin'])(
    'is rejected with 403 for the Origin %s',
    async (Origin) => {
      const path = `/ws/tasks/${id}/?ticket=${await ticketOf(alice)}`;
      const { status, body } = await rejection(path, { Origin });
      expect({ status, code: body['code'] }).toEqual({ status: 403, code: 'forbidden' });
    },
  );

  test('is rejected with 403 for an Origin with the same host and another port', async () => {
    const { hostname } = new URL(service.url);
    const opening = withTicket(await ticketOf(alice), { Origin: `http://${hostname}:1` });
    await expect(opening).rejects.toThrow(new RejectedUpgrade(403));
  });

  test("is rejected with 404 for another owner's task", async () => {
    await expect(withTicket(await ticketOf(bob))).rejects.toThrow(new RejectedUpgrade(404));
  });

  test.each(['', 'nonsense'])('with the value %j is rejected with 401', async (ticket) => {
    await expect(withTicket(ticket)).rejects.toThrow(new RejectedUpgrade(401));
  });

  test('cannot be replaced by an access token', async () => {
    await expect(withTicket(alice.token)).rejects.toThrow(new RejectedUpgrade(401));
  });

  test('is not accepted as an access token', async () => {
    const Authorization = `Bearer ${await ticketOf(alice)}`;
    expect((await rejection(`/ws/tasks/${id}/`, { Authorization })).status).toBe(401);
  });
});
