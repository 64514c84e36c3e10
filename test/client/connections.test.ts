/** Feed connections that fail without being closed: the client notices by itself. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { feed, type FeedSource, type Notice } from '../../src/client/feed.ts';
import { TaskbellError } from '../../src/client/errors.ts';
import { pingMessage } from '../../src/contract/ping.ts';
import type { Send } from '../../src/client/send.ts';
import type { FeedMessage } from '../../src/client/types.ts';
import { aTask } from '../support/task.ts';

let server: Server;
let url: string;
let leaving: AbortController;
let takings: Promise<unknown>[];
let sockets: WebSocketServer;
/** Raw sockets of all connections: the HTTP server does not close those that are upgraded, now or in a moment. */
let connections: Duplex[];
/** Number of requested upgrades. */
let upgrades: number;
let stopPings: () => void;
/** Fates of the next upgrades, in order. Later ones are opened normally. */
let fates: ('hang' | 'silence' | 'pings')[];

beforeEach(async () => {
  [upgrades, fates, takings, leaving] = [0, [], [], new AbortController()];
  connections = [];
  sockets = new WebSocketServer({ noServer: true });
  server = createServer();
  server.on('connection', (socket) => connections.push(socket));
  server.on('upgrade', (request, socket, head) => {
    upgrades += 1;
    const fate = fates.shift();
    if (fate === 'hang') return;
    sockets.handleUpgrade(request, socket, head, (client) => {
      const { id } = aTask();
      if (fate === 'pings') {
        const ping = (): void => client.send(JSON.stringify(pingMessage));
        // At once: a silent connection is checked until it is known to have pings, and this machine may be busy.
        ping();
        const pings = setInterval(ping, 20);
        client.on('close', () => clearInterval(pings));
        stopPings = () => clearInterval(pings);
      } else if (fate !== 'silence')
        client.send(JSON.stringify({ type: 'deleted', id } satisfies FeedMessage));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  leaving.abort();
  await Promise.all(takings);
  const closed = new Promise((resolve) => server.close(resolve));
  for (const connection of connections) connection.destroy();
  await closed;
});

/** Stands in for the HTTP API, of which a feed only needs a ticket. */
const send: Send = async <B>() => ({
  status: 200,
  headers: new Headers(),
  body: { ticket: 'a ticket' } as B,
});

function watch(changes: Partial<FeedSource>): { messages: FeedMessage[]; notices: Notice['notice'][] } {
  const [messages, notices]: [FeedMessage[], Notice['notice'][]] = [[], []];
  const source: FeedSource = {
    send,
    WebSocket,
    url,
    path: '/ws/tasks/',
    isUpToDate: async () => true,
    checkCoversAll: true,
    ...changes,
  };
  const options = { signal: leaving.signal, onNotice: ({ notice }: Notice) => void notices.push(notice) };
  const taking = (async () => {
    for await (const message of feed(source, options)) messages.push(message);
    return 'over';
  })();
  takings.push(taking.catch(() => 'failed'));
  return { messages, notices };
}

describe('a connection', () => {
  test('that does not open is abandoned and replaced, even if the service answers over HTTP', async () => {
    fates.push('hang');
    const { messages, notices } = watch({ timing: { openMs: 100, quietMs: 60_000 } });
    await expect.poll(() => messages.length, { timeout: 10_000 }).toBe(1);
    expect(upgrades).toBe(2);
    expect(notices).toEqual(['disconnected', 'connected']);
  });

  test('that is silent although it should have reported something is replaced, with a notice', async () => {
    fates.push('silence');
    const answers = [true, false];
    const isUpToDate = async (): Promise<boolean> => answers.shift() ?? true;
    const { messages, notices } = watch({ isUpToDate, timing: { openMs: 5000, quietMs: 100 } });
    await expect.poll(() => messages.length, { timeout: 10_000 }).toBe(1);
    expect(upgrades).toBe(2);
    expect(answers).toEqual([]);
    // The second notice is for callers that show more than lists contain: they have to reload.
    expect(notices).toEqual(['connected', 'connected']);
  });

  test('that is silent is replaced if no check can rule out a loss, without a notice if it was alive', async () => {
    fates.push('silence', 'silence');
    const { messages, notices } = watch({ checkCoversAll: false, timing: { openMs: 5000, quietMs: 100 } });
    await expect.poll(() => messages.length, { timeout: 10_000 }).toBe(1);
    expect(upgrades).toBe(3);
    expect(notices).toEqual(['connected']);
  });

  test('that is half open is replaced if no check can rule out a loss, with a notice', async () => {
    fates.push('silence');
    const { messages, notices } = watch({ checkCoversAll: false, timing: { openMs: 5000, quietMs: 500 } });
    await expect.poll(() => notices, { timeout: 10_000 }).toEqual(['connected']);
    // From now on the server reads nothing and answers nothing.
    for (const connection of connections) connection.pause();
    await expect.poll(() => messages.length, { timeout: 20_000 }).toBe(1);
    expect(upgrades).toBe(2);
    expect(notices).toEqual(['connected', 'connected']);
  });

  test('on which the service sends pings is not checked over HTTP', async () => {
    fates.push('silence');
    let asked = 0;
    const isUpToDate = async (): Promise<boolean> => {
      asked += 1;
      return true;
    };
    const { notices } = watch({ isUpToDate, timing: { openMs: 5000, quietMs: 400 } });
    await expect.poll(() => notices, { timeout: 10_000 }).toEqual(['connected']);
    const [client] = sockets.clients;
    for (let pings = 0; pings < 20; pings += 1) {
      client?.ping();
      await once(client ?? server, 'pong');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(asked).toBe(0);
  });

  test('on which pings come as messages is neither checked over HTTP nor replaced', async () => {
    fates.push('pings');
    let asked = 0;
    const isUpToDate = async (): Promise<boolean> => {
      asked += 1;
      return true;
    };
    const { notices } = watch({ isUpToDate, timing: { openMs: 5000, quietMs: 50, pinglessMs: 10_000 } });
    await expect.poll(() => notices, { timeout: 10_000 }).toEqual(['connected']);
    await expect.poll(() => sockets.clients.size).toBe(1);
    const [client] = sockets.clients;
    for (let i = 0; i < 5; i += 1) {
      client?.ping();
      await once(client ?? server, 'pong');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect({ asked, upgrades }).toEqual({ asked: 0, upgrades: 1 });
  });

  test('whose pings stop is lost, and replaced', async () => {
    fates.push('pings');
    const { messages, notices } = watch({ timing: { openMs: 5000, quietMs: 60_000, pinglessMs: 500 } });
    await expect.poll(() => notices, { timeout: 10_000 }).toEqual(['connected']);
    await expect.poll(() => sockets.clients.size).toBe(1);
    stopPings();
    await expect.poll(() => messages.length, { timeout: 10_000 }).toBe(1);
    expect(notices).toEqual(['connected', 'disconnected', 'connected']);
  });

  test('on which something other than Taskbell answers is replaced', async () => {
    fates.push('silence');
    const { messages, notices } = watch({});
    await expect.poll(() => notices, { timeout: 10_000 }).toEqual(['connected']);
    for (const client of sockets.clients) client.send('<html>Sign in to this network</html>');
    await expect.poll(() => messages.length, { timeout: 10_000 }).toBe(1);
  });
});

test('an abort ends a feed without waiting for the response to a check', async () => {
  fates.push('hang');
  let asked = 0;
  const isUpToDate = ({ signal }: { signal: AbortSignal | undefined }): Promise<boolean> => {
    asked += 1;
    return new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason as Error));
    });
  };
  watch({ isUpToDate, timing: { openMs: 50, quietMs: 60_000 } });
  await expect.poll(() => asked, { timeout: 10_000 }).toBe(1);
  leaving.abort(new Error('enough'));
  await Promise.all(takings);
});

test('a feed ends if its task was deleted while the connection was lost', async () => {
  const notFound = new TaskbellError('not found', { status: 404, code: 'not_found' });
  const { messages, notices } = watch({
    isUpToDate: () => Promise.reject(notFound),
    timing: { openMs: 50, quietMs: 60_000 },
  });
  await expect.poll(() => messages.length, { timeout: 10_000 }).toBe(1);
  fates.push('hang');
  for (const connection of connections) connection.destroy();
  await expect(takings[0]).resolves.toBe('over');
  expect(notices).toEqual(['connected', 'disconnected']);
});

test('a feed fails with an error that a retry cannot solve, such as a 404', async () => {
  fates.push('hang');
  const notFound = new TaskbellError('not found', { status: 404, code: 'not_found' });
  const source: FeedSource = {
    send,
    WebSocket,
    url,
    path: '/ws/tasks/',
    isUpToDate: () => Promise.reject(notFound),
    checkCoversAll: true,
    timing: { openMs: 50, quietMs: 60_000 },
  };
  await expect(feed(source, { signal: leaving.signal }).next()).rejects.toBe(notFound);
});
