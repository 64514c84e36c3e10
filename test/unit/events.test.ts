/** Event streams whose clients the service cannot see reading, in this process: their times are short here. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { type EventTiming, eventRoutes } from '../../src/api/routes/events.ts';
import { createRouteTable } from '../../src/api/route.ts';
import { type Listener, listen } from '../../src/api/server.ts';
import type { Api, ApiEnv } from '../../src/api/types.ts';
import { createFeedLimit } from '../../src/bridge/feed-limit.ts';
import { createHub, type Hub } from '../../src/bridge/hub.ts';
import { createStreams } from '../../src/bridge/streams.ts';
import { alice, appOf } from '../support/app.ts';
import { aTask } from '../support/task.ts';
import { waitFor } from '../support/wait-for.ts';

const id = '00000000-0000-4000-8000-000000000001';
const seen = (version: number, description = '') => ({
  runId: 'run',
  transitions: version,
  task: aTask({ id, version, description }),
});

let listener: Listener;
let hub: Hub;
let response: ApiEnv['Bindings']['outgoing'];

afterEach(() => listener.close());

async function open(timing: Partial<EventTiming>) {
  hub = createHub({ onFirst: () => undefined, now: Date.now });
  const streams = createStreams({
    hub,
    observeAs: async () => seen(1),
    isCredentialValid: () => true,
    limit: createFeedLimit(0),
  });
  const routes = createRouteTable();
  const usual = { pingMs: 20, stuckMs: 60_000, lifetimeMs: 60_000, lastReadMs: 100 };
  eventRoutes(routes, { streams, logger: pino({ level: 'silent' }) }, { ...usual, ...timing });
  const sockets = { accepts: () => false, upgrade: () => undefined };
  const app = appOf(routes, undefined, { ...alice, expiresAt: null });
  const fetch: Api['fetch'] = (request, env, context) => {
    const bindings: ApiEnv['Bindings'] = env ?? {};
    response = bindings.outgoing;
    return app.fetch(request, env, context);
  };
  listener = await listen({ fetch }, sockets, {
    host: '127.0.0.1',
    port: 0,
  });
  const { hostname, port } = new URL(listener.url);
  const socket = connect(Number(port), hostname);
  socket.write(`GET /api/tasks/${id}/events/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n\r\n`);
  await waitFor('the stream', () => hub.size === 1, 5000);
  return socket;
}

test('a client that does not read what it is sent is disconnected after a while', async () => {
  const socket = await open({ stuckMs: 300 });
  socket.pause();
  let version = 1;
  // More than the system takes for it.
  const writing = setInterval(() => hub.publish(id, seen((version += 1), 'x'.repeat(256 * 1024))), 2);
  await waitFor('the end of the stream', () => hub.size === 0);
  clearInterval(writing);
  await waitFor('the end of the connection', () => response?.destroyed === true);
  expect(socket.readableFlowing).toBe(false);
});

test('a client of a quiet stream is asked to reconnect after a while', async () => {
  const socket = await open({ lifetimeMs: 300 });
  await waitFor('the end of the stream', () => hub.size === 0);
  socket.end();
  expect(await text(socket)).toContain('event: end\ndata: {"code":1012,"reason":"reconnect"}\n');
});
