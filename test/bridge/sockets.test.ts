/** The sockets alone, in this process: cases that are slow or hard to observe with a whole service. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { problemOutsideApp } from '../../src/api/problem.ts';
import { allScopes, type Principal } from '../../src/auth/principal.ts';
import { createFeedLimit } from '../../src/bridge/feed-limit.ts';
import { createHub, type Hub } from '../../src/bridge/hub.ts';
import { createSockets, type Sockets, type SocketsOptions } from '../../src/bridge/sockets.ts';
import { notFound } from '../../src/contract/errors.ts';
import type { FeedMessage } from '../../src/contract/task.ts';
import type { Observation } from '../../src/tasks/feed.ts';
import { type Feed, openFeed } from '../support/caller.ts';
import { waitFor } from '../support/wait-for.ts';
import { aTask } from '../support/task.ts';

const id = '00000000-0000-4000-8000-000000000001';
const path = `/ws/tasks/${id}/`;

function seen(version: number, description = ''): Observation {
  const task = aTask({ id, description, status: 'RUNNING', attempt: 1, version });
  return { runId: 'run', transitions: version, task };
}

let hub: Hub;
let server: Server;
let sockets: Sockets;
let principal: Principal;
let url: string;
const clients: (WebSocket | Socket)[] = [];

async function serve(options: Partial<SocketsOptions> = {}): Promise<void> {
  hub = createHub({ onFirst: () => undefined, now: Date.now });
  sockets = createSockets({
    hub,
    admit: async () => principal,
    observeAs: async () => hub.last(id) ?? seen(1),
    visibleTo: (_actor, filter) => filter,
    onWatchAll: () => undefined,
    isCredentialValid: () => true,
    limit: createFeedLimit(0),
    problemOf: problemOutsideApp,
    logger: pino({ level: 'silent' }),
    ...options,
  });
  server = createServer().on('upgrade', sockets.upgrade);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function watch(): Promise<Feed> {
  const feed = await openFeed(`${url}${path}`);
  clients.push(feed.socket);
  await feed.until('the snapshot', ({ messages }) => messages.length > 0);
  return feed;
}

/** Returns the raw upgrade request, for clients that behave as no WebSocket library does. */
function upgradeRequest(target: string): string {
  const lines = [
    `GET ${target} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==',
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function openSocket(): Socket {
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  clients.push(socket);
  return socket;
}

function connections(): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}

beforeEach(() => {
  principal = {
    id: 'alice',
    name: 'alice',
    role: 'user',
    generation: 1,
    scopes: allScopes,
    credential: { type: 'token' },
    expiresAt: Date.now() + 600_000,
  };
});

afterEach(async () => {
  for (const client of clients.splice(0)) {
    if (client instanceof WebSocket) client.terminate();
    else client.destroy();
  }
  await sockets.close();
  await new Promise((resolve) => server.close(resolve));
});

describe('the heartbeat', () => {
  test('terminates a client that does not answer pings, and keeps one that does', async () => {
    await serve({ pingMs: 100 });
    const lively = await watch();
    const silent = new WebSocket(`${url}${path}`, { autoPong: false });
    clients.push(silent);
    const pinged = once(silent, 'ping');
    const [code] = await once(silent, 'close');
    await pinged;
    expect(code).toBe(1006);
    await waitFor('the end of the socket on the server side', () => sockets.size === 1);
    hub.publish(id, seen(2));
    await lively.until('the next state', (feed) => feed.tasks().at(-1)?.version === 2);
  });

  test('stops watching the task of a client whose network has failed', async () => {
    await serve({ pingMs: 100 });
    const feed = await watch();
    expect(hub.size).toBe(1);
    feed.socket.pause();
    await waitFor('the end of the socket', () => sockets.size === 0);
    expect(hub.size).toBe(0);
  });
});

describe('pings as messages', () => {
  test('reach a client that asks for them at once and then repeatedly, and no other client', async () => {
    await serve({ messagePingMs: 50 });
    const plain = await watch();
    const asking = new WebSocket(`${url}${path}`, ['taskbell.ping']);
    clients.push(asking);
    const received: string[] = [];
    asking.on('message', (data: Buffer) => received.push((JSON.parse(data.toString()) as FeedMessage).type));
    await waitFor('three pings', () => received.filter((type) => type === 'ping').length >= 3);
    expect(received.slice(0, 2)).toEqual(['ping', 'task']);
    expect(plain.messages.map(({ type }) => type)).toEqual(['task']);
  });
});

describe('a client that does not read', () => {
  const states = 600;
  /** Text of one state. All states together far exceed the system's buffers for a connection. */
  const bulk = 'x'.repeat(64 * 1024);

  test('skips states but gets the latest once it reads again, without effect on other clients', async () => {
    await serve();
    const [reader, sleeper] = [await watch(), await watch()];
    sleeper.socket.pause();
    for (let version = 2; version <= states; version += 1) {
      hub.publish(id, seen(version, bulk));
      if (version % 30 === 0)
        await reader.until('the state', (feed) => feed.tasks().at(-1)?.version === version);
    }
    expect(sleeper.tasks()).toHaveLength(1);

    sleeper.socket.resume();
    await sleeper.until('the latest state', (feed) => feed.tasks().at(-1)?.version === states);
    const received = sleeper.tasks().map(({ version }) => version);
    expect(received.length).toBeLessThan(states / 2);
    expect(received).toEqual(received.toSorted((a, b) => a - b));
    expect(sleeper.closed).toEqual({});
  });

  test('is closed with 1013 once more than 1 MiB is waiting for it', async () => {
    await serve();
    const sleeper = await watch();
    sleeper.socket.pause();
    for (let version = 2; version < 40; version += 1) hub.publish(id, seen(version, 'x'.repeat(600 * 1024)));
    hub.publish(id, seen(99, 'x'.repeat(1200 * 1024)));
    sleeper.socket.resume();
    // How much the system's buffers take depends on the machine, so send until they are full.
    for (let version = 100; sleeper.closed.code === undefined && version < 200; version += 1) {
      hub.publish(id, seen(version, 'x'.repeat(8 * 1024 * 1024)));
      await waitFor('the close', () => sleeper.closed.code !== undefined, 200).catch(() => undefined);
    }
    expect(sleeper.closed).toEqual({ code: 1013, reason: 'too slow' });
    await waitFor('the end of the socket', () => sockets.size === 0);
  });

  test('is not sent a pong for every ping', async () => {
    await serve();
    const { socket } = await watch();
    let pongs = 0;
    socket.on('pong', () => (pongs += 1));
    socket.ping('one');
    await waitFor('a pong', () => pongs === 1);
    socket.pause();
    const pings = 200_000;
    const data = Buffer.alloc(125);
    for (let i = 0; i < pings; i += 1) {
      if (i % 1000 === 0) await new Promise<void>((sent) => socket.ping(data, undefined, () => sent()));
      else socket.ping(data);
    }
    const before = pongs;
    socket.resume();
    hub.publish(id, seen(2));
    const last = once(socket, 'message');
    await last;
    expect(pongs - before).toBeLessThan(pings);
    socket.ping('and one more');
    const then = pongs;
    await waitFor('a pong', () => pongs > then);
  });
});

describe('an upgrade', () => {
  test.each(['//', '/', '/ws', '/ws/tasks/x/', `/ws/tasks/${id}/x`, `/api/tasks/${id}/`, `/WS/tasks/${id}/`])(
    'for %s is not accepted: it is an ordinary request',
    async (url) => {
      await serve();
      const headers = { host: 'localhost', upgrade: 'websocket' };
      const accepts = (request: object): boolean => sockets.accepts(request as IncomingMessage);
      expect(accepts({ method: 'GET', url, headers })).toBe(false);
      expect(accepts({ method: 'GET', url: path, headers })).toBe(true);
    },
  );

  test('that is rejected has its connection closed, even if the client keeps its own side open', async () => {
    await serve({ observeAs: () => Promise.reject(notFound()) });
    const socket = openSocket();
    socket.write(upgradeRequest(path));
    const [head] = await once(socket, 'data');
    expect(String(head)).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
    await waitFor('all connections closed', async () => (await connections()) === 0, 5000);
  });

  test('whose client disconnects before it is accepted leaves no socket and no watched task behind', async () => {
    let admit: (principal: Principal) => void = () => undefined;
    await serve({ admit: () => new Promise((resolve) => (admit = resolve)) });
    const socket = openSocket();
    const upgrading = once(server, 'upgrade');
    socket.write(upgradeRequest(path));
    await upgrading;
    socket.resetAndDestroy();
    await waitFor('all connections closed', async () => (await connections()) === 0, 5000);
    admit(principal);
    await new Promise((resolve) => setImmediate(resolve));
    expect(sockets.size).toBe(0);
    expect(hub.size).toBe(0);
  });

  test('whose credential is revoked in the meantime opens a socket that is closed at once with 4401', async () => {
    await serve({ isCredentialValid: () => false });
    const feed = await openFeed(`${url}${path}`);
    await feed.until('the close', ({ closed }) => closed.code !== undefined);
    expect(feed.closed).toEqual({ code: 4401, reason: 'signed out' });
  });

  test('that fails with an internal error is a 500 that does not reveal the cause', async () => {
    await serve({ observeAs: () => Promise.reject(new Error('the inside')) });
    const { port } = server.address() as AddressInfo;
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': 13,
      'Sec-WebSocket-Key': 'MDEyMzQ1Njc4OWFiY2RlZg==',
    };
    const rejected = httpRequest({ port, host: '127.0.0.1', path, headers }).end();
    const [response] = (await once(rejected, 'response')) as [IncomingMessage];
    const body = (await response.toArray()).join('');
    expect(response.statusCode).toBe(500);
    expect(response.headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ status: 500, code: 'internal' });
    expect(body).not.toContain('the inside');
  });
});

describe('closing the sockets', () => {
  test('sends every watcher a draining notice, and closes its socket with 1012', async () => {
    await serve();
    const feeds = [await watch(), await watch()];
    await sockets.close();
    for (const feed of feeds) {
      await feed.until('the close', ({ closed }) => closed.code === 1012);
      expect(feed.messages.at(-1)).toMatchObject({ type: 'notice', notice: 'draining' });
    }
    expect(sockets.size).toBe(0);
  });

  test('opens no socket for a client whose upgrade is still in progress', async () => {
    let admit: (principal: Principal) => void = () => undefined;
    await serve({ admit: () => new Promise((resolve) => (admit = resolve)) });
    const upgrading = once(server, 'upgrade');
    const opening = openFeed(`${url}${path}`).then(
      () => 'open',
      () => 'not open',
    );
    await upgrading;
    await sockets.close();
    admit(principal);
    expect(await opening).toBe('not open');
    expect(sockets.size).toBe(0);
  });

  test('waits less than 5 s for a client that does not answer', async () => {
    await serve();
    const { socket } = await watch();
    socket.pause();
    const startedAt = Date.now();
    await sockets.close();
    expect(Date.now() - startedAt).toBeLessThan(5000);
  });
});
