/** Behaviour of all routes: methods, headers, the form of errors, slow clients. */
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from 'vitest';
import { problem } from '../../src/contract/problem.ts';
import { type Answer, type Caller } from '../support/caller.ts';
import { waitFor } from '../support/wait-for.ts';
import { anonymously, startService, useService } from '../support/service.ts';

const service = useService();
let alice: Caller;
let slowRequests: Promise<CutOff[]>;

beforeAll(async () => {
  alice = await service.as('alice');
  // They wait to be cut off while the other tests run.
  slowRequests = Promise.all(
    Object.keys(slowClients).flatMap((what) => Array.from({ length: 20 }, () => sendSlowly(what))),
  );
});

/** What each client sends at once, and then repeatedly, one byte at a time. */
const slowClients: Record<string, [atOnce: string, slowly: string]> = {
  'in its first line': ['GET /', 'x'],
  'in its headers': ['GET /api/tasks/ HTTP/1.1\r\nHost: x\r\n', 'X-Header: 1\r\n'],
  'in the headers of an upgrade': [
    'GET /ws/tasks/x/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n',
    'X-Header: 1\r\n',
  ],
  'before it has sent anything': ['', ''],
};

interface CutOff {
  readonly what: string;
  readonly afterMs: number;
  readonly received: string;
}

function sendSlowly(what: string): Promise<CutOff> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname);
    const [atOnce = '', slowly = ''] = slowClients[what] ?? [];
    const startedAt = Date.now();
    let received = '';
    let sent = 0;
    if (atOnce !== '') socket.write(atOnce);
    const drip = setInterval(() => {
      if (slowly !== '') socket.write(slowly[sent % slowly.length] ?? '');
      sent += 1;
    }, 200);
    socket.on('data', (data: Buffer) => (received += data.toString()));
    // Expected: a write after the connection has been cut off.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearInterval(drip);
      resolve({ what, afterMs: Date.now() - startedAt, received });
    });
  });
}

const headersOf = (response: { headers: Headers }) => Object.fromEntries(response.headers);

describe('the method', () => {
  test.each([
    ['PUT', '/api/tasks/', ['GET', 'HEAD', 'POST']],
    ['DELETE', '/api/tasks', ['GET', 'HEAD', 'POST']],
    ['POST', '/api/tasks/ID/', ['DELETE', 'GET', 'HEAD', 'PATCH', 'PUT']],
    ['GET', '/api/tasks/ID/cancel/', ['POST']],
    ['DELETE', '/api/tasks/ID/status', ['GET', 'HEAD']],
    ['POST', '/tasks/ID/status/', ['GET', 'HEAD']],
    ['GET', '/api/token/', ['POST']],
    ['GET', '/api/ws-ticket', ['POST']],
    ['POST', '/api/task-types/', ['GET', 'HEAD']],
    ['POST', '/healthz', ['GET', 'HEAD']],
    ['OPTIONS', '/api/tasks/', ['GET', 'HEAD', 'POST']],
    ['PROPFIND', '/api/tasks/', ['GET', 'HEAD', 'POST']],
  ])('%s is 405 for %s, with the supported methods in Allow', async (method, path, allowed) => {
    const answer = await alice.call(method, path.replace('ID', randomUUID()));
    expect(answer).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } });
    expect(answer.body['detail']).toBe(`Method "${method}" not allowed.`);
    expect(answer.headers.get('Allow')?.split(', ').toSorted()).toEqual(allowed);
  });

  test('HEAD answers as GET does, without a body', async () => {
    const { id } = await alice.create({ name: 'n', delay: 3600 });
    for (const path of [
      `/api/tasks/${id}/`,
      '/api/tasks/',
      `/api/tasks/${randomUUID()}`,
      '/healthz',
      '/nope',
    ]) {
      const [get, head] = [await alice.call('GET', path), await alice.call('HEAD', path)];
      expect(head.status, path).toBe(get.status);
      expect(head.body).toBeUndefined();
      expect(head.headers.get('Content-Type')).toBe(get.headers.get('Content-Type'));
      expect(head.headers.get('ETag')).toBe(get.headers.get('ETag'));
    }
  });
});

test.each([
  ['GET', '/assets/nope.js'],
  ['GET', '/api/'],
  ['GET', '/api/nope/'],
  ['POST', '/api/nope'],
  ['DELETE', '/nope'],
  ['GET', '/api/tasks/x/y/z'],
  ['GET', '/API/TASKS/'],
  ['GET', '/api/tasks//'],
  ['GET', '/.env'],
  ['GET', '/%2e%2e/%2e%2e/etc/passwd'],
  ['GET', '/%E0%A4%A'],
  ['GET', `/${'x'.repeat(5000)}`],
])('%s %s, which does not exist, is a problem document with 404', async (method, path) => {
  const answer = await alice.call(method, path);
  expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
});

test.each<[number, string, () => Promise<Answer<Record<string, unknown>>>]>([
  [400, 'Bad Request', () => alice.call('POST', '/api/tasks/', { name: '' })],
  [401, 'Unauthorized', () => anonymously(service, 'GET', '/api/tasks/')],
  [404, 'Not Found', () => alice.call('GET', `/api/tasks/${randomUUID()}/`)],
  [404, 'Not Found', () => anonymously(service, 'GET', '/nope')],
  [405, 'Method Not Allowed', () => alice.call('PUT', '/api/tasks/')],
  [
    409,
    'Conflict',
    async () => {
      const { id } = await alice.create({ name: 'n', delay: 3600 });
      return alice.call('POST', `/api/tasks/${id}/retry/`);
    },
  ],
  [413, 'Payload Too Large', () => alice.call('POST', '/api/tasks/', { name: 'x'.repeat(1024 * 1024) })],
  [
    415,
    'Unsupported Media Type',
    () => alice.call('POST', '/api/tasks/', {}, { 'Content-Type': 'text/plain' }),
  ],
])(
  'an error with status %i is an RFC 9457 problem with the request id of its header',
  async (status, title, ask) => {
    const { body, headers, status: answered } = await ask();
    expect(answered).toBe(status);
    const parsed = problem.parse(body);
    expect(parsed).toMatchObject({ type: 'about:blank', title, status });
    expect(parsed.request_id).toBe(headers.get('X-Request-Id'));
    expect(parsed.request_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get('Content-Type')).toBe('application/problem+json');
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(headers.get('Cache-Control')).toBe('no-store');
  },
);

test('every response has its own request id, forbids sniffing and caching, and does not name its software', async () => {
  const answers = await Promise.all([
    alice.call('GET', '/api/tasks/'),
    alice.call('GET', '/api/task-types/'),
    alice.call('POST', '/api/ws-ticket/'),
    anonymously(service, 'GET', '/healthz'),
    anonymously(service, 'GET', '/readyz'),
    anonymously(service, 'GET', '/api/tasks/', undefined, { 'X-Request-Id': 'mine' }),
  ]);
  for (const answer of answers) {
    const headers = headersOf(answer);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('server');
  }
  const ids = answers.map(({ headers }) => headers.get('X-Request-Id'));
  expect(new Set(ids).size).toBe(answers.length);
  expect(ids).not.toContain('mine');
});

test.each(['/new', '/tasks/a/b'])(
  '%s, which is no address, gets browsers the page of the web app, and others JSON',
  async (path) => {
    const get = (accept: string, at = path) => fetch(`${service.url}${at}`, { headers: { Accept: accept } });
    const page = await get('text/html,*/*;q=0.8');
    expect(page.status).toBe(404);
    expect(page.headers.get('Content-Type')).toContain('text/html');
    expect(page.headers.get('Content-Security-Policy')).toContain("script-src 'self'");
    expect(await page.text()).toContain('<title>Taskbell</title>');
    for (const other of [await get('*/*'), await get('text/html', '/api/nothing')]) {
      expect(other.status).toBe(404);
      expect(await other.json()).toMatchObject({ code: 'not_found' });
    }
  },
);

test('/healthz says that the process is alive, with and without trailing slash, and needs no sign-in', async () => {
  for (const path of ['/healthz', '/healthz/']) {
    expect(await anonymously(service, 'GET', path)).toMatchObject({ status: 200, body: { status: 'ok' } });
  }
});

test('/readyz reports ready once Temporal answers, and counts the workers', async () => {
  const readiness = () => anonymously(service, 'GET', '/readyz');
  expect(await readiness()).toMatchObject({ status: 200, body: { status: 'ready' } });
  await waitFor('the worker to be seen', async () => (await readiness()).body['workers'] === 1);
  await service.startWorker();
  await waitFor('the second worker to be seen', async () => (await readiness()).body['workers'] === 2);
});

test('/readyz and the task routes are 503 with Retry-After within 5 s while Temporal is unreachable; /healthz is 200', async () => {
  // No server listens there.
  const environment = { TEMPORAL_ADDRESS: '127.0.0.1:1' };
  const cutOff = await startService({ workers: 0, environment });
  try {
    expect((await anonymously(cutOff, 'GET', '/healthz')).status).toBe(200);
    const carol = await cutOff.as('alice');
    const startedAt = Date.now();
    const answers = await Promise.all([
      anonymously(cutOff, 'GET', '/readyz'),
      carol.call('GET', '/api/tasks/'),
      carol.call('GET', `/api/tasks/${randomUUID()}/`),
      carol.call('POST', '/api/tasks/', { name: 'n', delay: 3600 }),
      carol.call('POST', '/api/tasks/', { name: 'n', delay: 3600 }, { 'Idempotency-Key': 'k' }),
      carol.call('POST', `/api/tasks/${randomUUID()}/cancel/`),
      carol.call('DELETE', `/api/tasks/${randomUUID()}/`),
    ]);
    expect(Date.now() - startedAt).toBeLessThan(5000);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 503, body: { code: 'temporal_unavailable' } });
      expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0);
      expect(JSON.stringify(answer.body)).not.toMatch(/127\.0\.0\.1|grpc|ECONNREFUSED/i);
    }
    // Requests that don't need Temporal still work.
    expect((await carol.call('GET', '/api/task-types/')).status).toBe(200);
    expect((await carol.call('POST', '/api/tasks/', { name: '' })).status).toBe(400);
  } finally {
    await cutOff.close();
  }
});

test('a client that disconnects in the middle of its body does no harm to the service', async () => {
  for (const framing of ['Content-Length: 1000', 'Transfer-Encoding: chunked']) {
    const { hostname, port } = new URL(service.url);
    const head = `POST /api/tasks/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${alice.token}\r\n`;
    const socket = connect(Number(port), hostname);
    socket.write(`${head}Content-Type: application/json\r\n${framing}\r\n\r\n5\r\n{"nam`);
    await new Promise((resolve) => socket.once('connect', resolve));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.destroySoon();
    await closed;
  }
  expect((await anonymously(service, 'GET', '/healthz')).status).toBe(200);
});

test('a GET with a body is answered like a GET without one', async () => {
  const { hostname, port } = new URL(service.url);
  for (const body of [
    'Content-Length: 2\r\n\r\n{}',
    'Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
  ]) {
    const socket = connect(Number(port), hostname);
    const head = `GET /api/tasks/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${alice.token}\r\n`;
    socket.write(`${head}Content-Type: application/json\r\n${body}`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 /);
  }
});

test('oversized headers are 431, and invalid HTTP is 400', async () => {
  const answer = await fetch(`${service.url}/healthz`, { headers: { 'X-Large': 'x'.repeat(20_000) } });
  expect(answer.status).toBe(431);
  const raw = (message: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(service.url);
      const socket = connect(Number(port), hostname, () => socket.write(message));
      let received = '';
      socket.on('data', (data: Buffer) => (received += data.toString()));
      socket.on('error', reject).on('close', () => resolve(received));
    });
  expect(await raw('hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  // Two contradictory lengths, as used to smuggle a request past a proxy.
  const smuggled =
    'POST /api/token/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
  expect(await raw(smuggled)).toMatch(/^HTTP\/1\.1 400 /);
  expect((await anonymously(service, 'GET', '/healthz')).status).toBe(200);
});

describe('a client is cut off within 20 s if it is slow', () => {
  test.each(Object.keys(slowClients))('%s', { timeout: 40_000 }, async (what) => {
    const cutOffs = (await slowRequests).filter((each) => each.what === what);
    expect(cutOffs.length).toBeGreaterThan(0);
    for (const { afterMs, received } of cutOffs) {
      expect(afterMs).toBeGreaterThan(8000);
      expect(afterMs).toBeLessThan(20_000);
      expect(received).toMatch(/^(HTTP\/1\.1 408 Request Timeout\r\n|$)/);
    }
  });
});
