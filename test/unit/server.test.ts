/** The HTTP server in front of an app: what clients of any age may send, and who answers. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Listener, listen } from '../../src/api/server.ts';
import { problem } from '../../src/contract/problem.ts';

let listener: Listener;

beforeAll(async () => {
  const app = new Hono();
  app.get('/readyz', (c) => c.text('ready'));
  app.post('/echo', async (c) => c.text(`echo ${(await c.req.text()).length}`, 201));
  const sockets = {
    accepts: ({ url, headers }: IncomingMessage) => url === '/socket' && headers.upgrade === 'websocket',
    upgrade: (_request: unknown, socket: { end(text: string): void }) => socket.end('a socket'),
  };
  listener = await listen(app, sockets, { host: '127.0.0.1', port: 0 });
});
afterAll(() => listener.close());

/** Returns everything that the server sends on one connection in response to these lines, until it closes it. */
function exchange(lines: readonly string[], body = ''): Promise<string> {
  const { hostname, port } = new URL(listener.url);
  const socket = connect(Number(port), hostname);
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  return text(socket);
}

const h2c = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'];
const close = 'Connection: close';

describe('an offer of another protocol is ignored', () => {
  test.each([
    ['h2c, as Java and curl --http2 send it', h2c],
    ['h2c in lower case', ['connection: upgrade', 'upgrade: h2c']],
    ['TLS', ['Connection: Upgrade', 'Upgrade: TLS/1.2']],
    ['a socket, at a path that has none', ['Connection: Upgrade', 'Upgrade: websocket']],
  ])('%s', async (_what, offer) => {
    expect(await exchange(['GET /readyz HTTP/1.1', 'Host: x', ...offer, close])).toMatch(
      /^HTTP\/1\.1 200 [^]*ready$/,
    );
  });

  test.each([2, 300_000])('with a body of %i bytes', async (length) => {
    const head = ['POST /echo HTTP/1.1', 'Host: x', ...h2c, close, `Content-Length: ${length}`];
    expect(await exchange(head, 'x'.repeat(length))).toMatch(
      new RegExp(`^HTTP/1\\.1 201 [^]*echo ${length}$`),
    );
  });

  test('in each of several requests on one connection, the last of which opens a socket', async () => {
    const post = ['POST /echo HTTP/1.1', 'Host: x', ...h2c, 'Content-Length: 2'];
    const upgrade = ['GET /socket HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket'];
    const { hostname, port } = new URL(listener.url);
    const socket = connect(Number(port), hostname);
    let received = '';
    socket.setEncoding('utf8').on('data', (data: string) => (received += data));
    for (const expected of [1, 2, 3]) {
      socket.write(`${post.join('\r\n')}\r\n\r\n{}`);
      await expect.poll(() => received.split('echo 2').length - 1).toBe(expected);
    }
    socket.write(`${upgrade.join('\r\n')}\r\n\r\n`);
    await expect.poll(() => received).toMatch(/a socket$/);
    expect(received.match(/HTTP\/1\.1 201 /g)).toHaveLength(3);
  });
});

test.each([
  ['without Host', []],
  ['with an empty Host', ['Host: ']],
  ['with a Host', ['Host: example.com']],
])('HTTP/1.0 %s is answered, as health checks of load balancers send it', async (_what, headers) => {
  expect(await exchange(['GET /readyz HTTP/1.0', ...headers])).toMatch(/^HTTP\/1\.1 200 [^]*ready$/);
});

test.each(['[::1]:8000', '[2001:DB8::1]', 'EXAMPLE.com.', '192.0.2.7:80', 'localhost:1'])(
  'the Host %s is accepted',
  async (host) => {
    const answer = await exchange(['GET /readyz HTTP/1.1', `Host: ${host}`, close]);
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*ready$/);
  },
);

test.each([
  ['without Host', ['GET /readyz HTTP/1.1']],
  ['with an upgrade and without Host', ['GET /socket HTTP/1.1', ...h2c]],
  ['with a Host that is none', ['GET /readyz HTTP/1.1', 'Host: a/b']],
  ['with a path that is none', ['GET * HTTP/1.1', 'Host: x']],
])('HTTP/1.1 %s is 400, with a problem document and a request id', async (_what, lines) => {
  const answer = await exchange([...lines, close]);
  const [head = '', body = ''] = answer.split(/\r\n\r\n/);
  expect(head).toMatch(/^HTTP\/1\.1 400 /);
  expect(head).toMatch(/^content-type: application\/problem\+json$/im);
  const json = body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1);
  const parsed = problem.parse(JSON.parse(json));
  expect(parsed).toMatchObject({ status: 400, code: 'malformed_request' });
  expect(head.toLowerCase()).toContain(`x-request-id: ${parsed.request_id}`);
});

test('OPTIONS * is 204 with all methods of the service and a request id', async () => {
  const answer = await exchange(['OPTIONS * HTTP/1.1', 'Host: x', close]);
  expect(answer).toMatch(/^HTTP\/1\.1 204 /);
  expect(answer).toMatch(/^Allow: GET, HEAD, POST, PUT, PATCH, DELETE$/m);
  expect(answer).toMatch(/^X-Request-Id: [0-9a-f-]{36}$/m);
});

test('a connection beyond the maximum is closed, and one that is given up makes room for another', async () => {
  const app = { fetch: async () => new Response('here') };
  const sockets = { accepts: () => false, upgrade: () => undefined };
  const listener = await listen(app, sockets, { host: '127.0.0.1', port: 0, maxConnections: 2 });
  onTestFinished(() => listener.close());
  const { hostname, port } = new URL(listener.url);

  /** Opens a connection and sends a request. */
  async function open() {
    const socket = connect(Number(port), hostname).on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    const served = new Promise<boolean>((resolve) => {
      socket.once('data', () => resolve(true)).once('close', () => resolve(false));
    });
    await once(socket, 'connect');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    return { socket, isServed: await served };
  }

  const [first, second, third] = [await open(), await open(), await open()];
  expect([first, second, third].map(({ isServed }) => isServed)).toEqual([true, true, false]);
  first.socket.destroy();
  await expect.poll(async () => (await open()).isServed).toBe(true);
});
