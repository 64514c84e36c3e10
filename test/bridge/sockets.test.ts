/** The sockets alone, in this process: what a whole service would make slow or hard to see. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { problemOf } from '../../src/api/problem.ts';
import { allScopes, type Principal } from '../../src/auth/principal.ts';
import { createHub, type Hub } from '../../src/bridge/hub.ts';
import { createSockets, type Sockets, type SocketsOptions } from '../../src/bridge/sockets.ts';
import { notFound } from '../../src/contract/errors.ts';
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
  hub = createHub({ onFirst: () => undefined });
  sockets = createSockets({
    hub,
    admit: async () => principal,
    observeAs: async () => hub.last(id) ?? seen(1),
    visibleTo: (_actor, filter) => filter,
    onFollow: () => undefined,
    isCurrent: () => true,
    problemOf,
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

/** The upgrade as it goes over the wire, for clients that a WebSocket library would not be. */
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
  test('terminates a client that does not answer it, and keeps those that do', async () => {
    await serve({ pingMs: 100 });
    const lively = await watch();
    const silent = new WebSocket(`${url}${path}`, { autoPong: false });
    clients.push(silent);
    const pinged = once(silent, 'ping');
    const [code] = await once(silent, 'close');
    await pinged;
    expect(code).toBe(1006);
    await waitFor('its end on our side', () => sockets.size === 1);
    hub.publish(id, seen(2));
    await lively.until('the next state', (feed) => feed.tasks().at(-1)?.version === 2);
  });

  test('forgets the task of a client whose network is gone', async () => {
    await serve({ pingMs: 100 });
    const feed = await watch();
    expect(hub.size).toBe(1);
    feed.socket.pause();
    await waitFor('the end of the socket', () => sockets.size === 0);
    expect(hub.size).toBe(0);
  });
});

describe('a client that does not read', () => {
  const states = 600;
  /** Together far more than the system's own buffers take for a client. */
  const bulk = 'x'.repeat(64 * 1024);

  test('gets only the latest state afterwards, and does not hurt the others', async () => {
    await serve();
    const [reader, sleeper] = [await watch(), await watch()];
    sleeper.socket.pause();
    for (let version = 2; version <= states; version += 1) {
      hub.publish(id, seen(version, bulk));
      if (version % 30 === 0) await reader.until('it', (feed) => feed.tasks().at(-1)?.version === version);
    }
    expect(sleeper.tasks()).toHaveLength(1);

    sleeper.socket.resume();
    await sleeper.until('the latest state', (feed) => feed.tasks().at(-1)?.version === states);
    const received = sleeper.tasks().map(({ version }) => version);
    expect(received.length).toBeLessThan(states / 2);
    expect(received).toEqual(received.toSorted((a, b) => a - b));
    expect(sleeper.closed).toEqual({});
  });

  test('is closed with 1013 when there is more than 1 MiB for it', async () => {
    await serve();
    const sleeper = await watch();
    sleeper.socket.pause();
    for (let version = 2; version < 40; version += 1) hub.publish(id, seen(version, 'x'.repeat(600 * 1024)));
    hub.publish(id, seen(99, 'x'.repeat(1200 * 1024)));
    sleeper.socket.resume();
    // What is too much for the system's own buffers depends on the machine: we send until it is.
    for (let version = 100; sleeper.closed.code === undefined && version < 200; version += 1) {
      hub.publish(id, seen(version, 'x'.repeat(8 * 1024 * 1024)));
      await waitFor('the close', () => sleeper.closed.code !== undefined, 200).catch(() => undefined);
    }
    expect(sleeper.closed).toEqual({ code: 1013, reason: 'too slow' });
    await waitFor('its end', () => sockets.size === 0);
  });

  test('is not answered pings without end', async () => {
    await serve();
    const { socket } = await watch();
    let pongs = 0;
    socket.on('pong', () => (pongs += 1));
    socket.ping('one');
    await waitFor('an answer', () => pongs === 1);
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
    await waitFor('an answer', () => pongs > then);
  });
});

describe('an upgrade', () => {
  test.each(['//', '/', '/ws', '/ws/tasks/x/', `/ws/tasks/${id}/x`, `/api/tasks/${id}/`, `/WS/tasks/${id}/`])(
    'for %s is refused with 404',
    async (target) => {
      await serve();
      const socket = openSocket();
      socket.write(upgradeRequest(target));
      const [head] = await once(socket, 'data');
      expect(String(head).split('\r\n')[0]).toBe('HTTP/1.1 404 Not Found');
    },
  );

  test('that is refused does not keep its connection, even where the client does', async () => {
    await serve({ observeAs: () => Promise.reject(notFound()) });
    const socket = openSocket();
    socket.write(upgradeRequest(path));
    const [head] = await once(socket, 'data');
    expect(String(head)).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
    await waitFor('no connection to be left', async () => (await connections()) === 0, 5000);
  });

  test('whose client gives up meanwhile leaves nothing behind', async () => {
    let admit: (principal: Principal) => void = () => undefined;
    await serve({ admit: () => new Promise((resolve) => (admit = resolve)) });
    const socket = openSocket();
    const upgrading = once(server, 'upgrade');
    socket.write(upgradeRequest(path));
    await upgrading;
    socket.resetAndDestroy();
    await waitFor('no connection to be left', async () => (await connections()) === 0, 5000);
    admit(principal);
    await new Promise((resolve) => setImmediate(resolve));
    expect(sockets.size).toBe(0);
    expect(hub.size).toBe(0);
  });

  test('of an account that changes meanwhile is closed with 4401', async () => {
    await serve({ isCurrent: () => false });
    const feed = await openFeed(`${url}${path}`);
    await feed.until('its end', ({ closed }) => closed.code !== undefined);
    expect(feed.closed).toEqual({ code: 4401, reason: 'signed out' });
  });

  test('that fails for reasons of our own is a 500 that does not name them', async () => {
    await serve({ observeAs: () => Promise.reject(new Error('the inside')) });
    const { port } = server.address() as AddressInfo;
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': 13,
      'Sec-WebSocket-Key': 'MDEyMzQ1Njc4OWFiY2RlZg==',
    };
    const refused = httpRequest({ port, host: '127.0.0.1', path, headers }).end();
    const [response] = (await once(refused, 'response')) as [IncomingMessage];
    const body = (await response.toArray()).join('');
    expect(response.statusCode).toBe(500);
    expect(response.headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ status: 500, code: 'internal' });
    expect(body).not.toContain('the inside');
  });
});

describe('closing', () => {
  test('tells every watcher and closes with 1012', async () => {
    await serve();
    const feeds = [await watch(), await watch()];
    await sockets.close();
    for (const feed of feeds) {
      await feed.until('the close', ({ closed }) => closed.code === 1012);
      expect(feed.messages.at(-1)).toMatchObject({ type: 'notice', notice: 'draining' });
    }
    expect(sockets.size).toBe(0);
  });

  test('opens no socket to a client that was being let in', async () => {
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

  test('does not wait long for a client that does not answer', async () => {
    await serve();
    const { socket } = await watch();
    socket.pause();
    const startedAt = Date.now();
    await sockets.close();
    expect(Date.now() - startedAt).toBeLessThan(5000);
  });
});
