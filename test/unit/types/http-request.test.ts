import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { TaskContext } from '../../../activities/types/define.ts';
import { parseRetryAfter } from '../../../activities/types/http-request/outcome.ts';
import { createHttpRequest, defaultTimeouts } from '../../../activities/types/http-request/index.ts';
import { createContext, failureOf } from './support.ts';

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

/** Starts a server with this listener. @returns its host:port. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Response {
  status: number;
  headers: Record<string, string | string[]>;
  body: string;
  truncated: boolean;
  duration_ms: number;
}

async function send(
  host: string,
  payload: Record<string, unknown> = {},
  overrides: Partial<TaskContext> = {},
): Promise<Response> {
  const type = createHttpRequest({ allowHosts: [host] });
  const parsed = type.payload.parse({ url: `http://${host}/`, ...payload });
  return (await type.run(createContext(overrides), parsed)) as unknown as Response;
}

/** Records the request and its body in `seen`, and answers `ok`. */
const recordIn = (seen: { request?: IncomingMessage; body?: string }): RequestListener => {
  return (request, response) => {
    void text(request).then((body) => {
      Object.assign(seen, { request, body });
      response.end('ok');
    });
  };
};

describe('http-request', () => {
  it('returns the status, headers and body of a success', async () => {
    const host = await serve((_request, response) => {
      response.writeHead(201, { 'x-one': '1', 'set-cookie': ['a=1', 'b=2'] }).end('Grüße 😀');
    });
    const result = await send(host);
    expect(result).toMatchObject({ status: 201, body: 'Grüße 😀', truncated: false });
    expect(result.headers).toMatchObject({ 'x-one': '1', 'set-cookie': ['a=1', 'b=2'] });
    expect(Number.isInteger(result.duration_ms)).toBe(true);
  });

  it('sends the idempotency key, the same for every attempt, and its user agent', async () => {
    const seen: { request?: IncomingMessage; body?: string } = {};
    await send(await serve(recordIn(seen)), {}, { idempotencyKey: 'task-1.run-1' });
    expect(seen.request?.method).toBe('GET');
    expect(seen.request?.headers).toMatchObject({
      'idempotency-key': 'task-1.run-1',
      'user-agent': 'taskbell',
      'accept-encoding': 'identity',
      connection: 'close',
    });
    expect(seen.request?.headers).not.toHaveProperty('content-type');
  });

  it('prefers the given headers to its own, whatever their case', async () => {
    const seen: { request?: IncomingMessage; body?: string } = {};
    const headers = { 'IDEMPOTENCY-KEY': 'mine', 'Content-Type': 'text/csv', 'X-Other': 'é' };
    await send(await serve(recordIn(seen)), { method: 'PUT', headers, body: 'a,b' });
    expect(seen.request?.headers).toMatchObject({
      'idempotency-key': 'mine',
      'content-type': 'text/csv',
      'x-other': 'é',
    });
  });

  it.each([
    ['a string unchanged', 'plain', 'plain', 'text/plain; charset=utf-8'],
    ['an object as JSON', { a: [1, null] }, '{"a":[1,null]}', 'application/json'],
    ['null as JSON', null, 'null', 'application/json'],
  ])('sends %s', async (_what, body, sent, contentType) => {
    const seen: { request?: IncomingMessage; body?: string } = {};
    await send(await serve(recordIn(seen)), { method: 'POST', body });
    expect(seen.body).toBe(sent);
    expect(seen.request?.headers).toMatchObject({ 'content-type': contentType });
  });

  it.each(['GET', 'DELETE', 'OPTIONS', 'POST', 'PUT', 'PATCH'])(
    'sends the path, the query and a body with its length by %s',
    async (method) => {
      const seen: { request?: IncomingMessage; body?: string } = {};
      const host = await serve(recordIn(seen));
      await send(host, { url: `http://${host}/a%20b?c=d&e#f`, method, body: 'Grüße' });
      expect(seen.request).toMatchObject({ method, url: '/a%20b?c=d&e' });
      expect(seen.request?.headers).toMatchObject({ host, 'content-length': '7' });
      expect(seen.request?.headers).not.toHaveProperty('transfer-encoding');
      expect(seen.body).toBe('Grüße');
    },
  );

  it('keeps 64 KiB of a longer body, cut at a character, and reads no further', async () => {
    let written = 0;
    let closed: (() => void) | undefined;
    const hungUp = new Promise<void>((resolve) => (closed = resolve));
    const host = await serve((request, response) => {
      const more = () => {
        while (!response.destroyed && response.write('😀'.repeat(3000))) written++;
      };
      response.on('drain', more);
      request.on('close', () => closed?.());
      response.write('x');
      more();
    });
    const result = await send(host);
    await hungUp;
    expect(result.truncated).toBe(true);
    expect(result.body).toBe(`x${'😀'.repeat(16_383)}`);
    expect(written * 12_000).toBeLessThan(50_000_000);
  });

  it.each([
    ['64 KiB', 'x'.repeat(65536), false],
    ['64 KiB and one byte', 'x'.repeat(65537), true],
  ])('says whether a body of %s was truncated', async (_what, body, truncated) => {
    const result = await send(await serve((_request, response) => void response.end(body)));
    expect(result).toMatchObject({ truncated, body: 'x'.repeat(65536) });
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('decompresses %s that it did not ask for, within the same limit', async (encoding, compress) => {
    const host = await serve((request, response) => {
      response.setHeader('content-encoding', encoding);
      response.end(compress(request.url === '/bomb' ? Buffer.alloc(10_000_000) : 'small'));
    });
    expect(await send(host)).toMatchObject({ body: 'small', truncated: false });
    const bomb = await send(host, { url: `http://${host}/bomb` });
    expect(bomb).toMatchObject({ truncated: true, body: expect.stringMatching(/^\0{10000,}$/) });
  });

  it.each(['HEAD', 'OPTIONS', 'DELETE', 'PATCH'])('sends %s', async (method) => {
    const host = await serve((request, response) => {
      response.writeHead(200, { 'x-method': request.method, 'content-encoding': 'gzip' }).end();
    });
    expect(await send(host, { method })).toMatchObject({ headers: { 'x-method': method }, body: '' });
  });
});

describe('http-request: failures', () => {
  it.each([
    [400, false],
    [401, false],
    [404, false],
    [408, true],
    [409, false],
    [410, false],
    [422, false],
    [429, true],
    [500, true],
    [501, true],
    [503, true],
    [599, true],
    [304, false],
  ])('treats %i as a failure, retryable: %s', async (status, retryable) => {
    const host = await serve((_request, response) => {
      response
        .writeHead(status, { 'retry-after': '7' })
        .end(status === 304 ? undefined : `no\n\u202E${'é'.repeat(300)}`);
    });
    const failure = await failureOf(send(host));
    expect(failure).toMatchObject({
      type: 'HttpStatus',
      retryable,
      retryAfterMs: retryable ? 7000 : undefined,
    });
    expect(failure.message).toBe(
      `HTTP ${status} from ${host}${status === 304 ? '' : `: no ${'é'.repeat(197)}…`}`,
    );
  });

  it('does not follow a redirect, and shows its location', async () => {
    let requests = 0;
    const host = await serve((_request, response) => {
      requests++;
      response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end();
    });
    const failure = await failureOf(send(host));
    expect(failure).toMatchObject({ type: 'HttpStatus', retryable: false });
    expect(failure.message).toBe(
      `HTTP 302 from ${host}: redirects are not followed (Location: http://169.254.169.254/latest/meta-data)`,
    );
    expect(requests).toBe(1);
  });

  it('treats exactly the expected statuses as success', async () => {
    const host = await serve(
      (request, response) => void response.writeHead(Number(request.url?.slice(1))).end(),
    );
    const status = (code: number) => ({ url: `http://${host}/${code}` });
    expect(await send(host, { ...status(404), expected_status: 404 })).toMatchObject({ status: 404 });
    expect(await send(host, { ...status(503), expected_status: [200, 503] })).toMatchObject({ status: 503 });
    const failure = await failureOf(send(host, { ...status(200), expected_status: [201, 202] }));
    expect(failure).toMatchObject({ type: 'HttpStatus', retryable: false });
    expect(failure.message).toBe(`HTTP 200 from ${host} (expected 201 or 202)`);
    expect(await failureOf(send(host, { ...status(500), expected_status: 200 }))).toMatchObject({
      retryable: true,
    });
  });

  it('treats a refused connection, and one that is lost before a response, as connection failures', async () => {
    const host = await serve((_request, response) => void response.destroy());
    expect(await failureOf(send(host))).toMatchObject({ type: 'HttpConnection', retryable: true });
    const [server] = servers;
    server?.close();
    const refused = await failureOf(send(host));
    expect(refused).toMatchObject({ type: 'HttpConnection', retryable: true });
    expect(refused.message).toMatch(/^No response from 127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  });

  it('treats an unknown host name as a connection failure', async () => {
    const failure = await failureOf(send('no-such-host.invalid:8080'));
    expect(failure).toMatchObject({ type: 'HttpConnection', retryable: true });
    expect(failure.message).toMatch(/^No response from no-such-host\.invalid:8080: .*E(?:NOTFOUND|AI_AGAIN)/);
  });

  describe('time limits', () => {
    const long = 60_000;
    const limits = { connectMs: long, bodyMs: long, totalMs: long };

    /** Sends a request to a server that answers with this, and then nothing more. */
    async function failureWithin(
      timeouts: Partial<typeof limits>,
      answer: (response: Parameters<RequestListener>[1]) => void,
      method = 'POST',
    ) {
      const host = await serve((_request, response) => answer(response));
      const type = createHttpRequest({ allowHosts: [host], timeouts: { ...limits, ...timeouts } });
      return failureOf(type.run(createContext(), type.payload.parse({ url: `http://${host}`, method })));
    }

    it('end a request to a server that never answers; the failure names the limit', async () => {
      const failure = await failureWithin({ totalMs: 500 }, () => undefined);
      expect(failure).toMatchObject({ type: 'HttpConnection', retryable: true });
      expect(failure.message).toContain('the request took longer than 0.5 s, the limit of an attempt');
    });

    it.each([
      ['POST', false],
      ['GET', true],
    ])('end a body that never ends, however often a part of it arrives: %s', async (method, retryable) => {
      const failure = await failureWithin({ totalMs: 500, bodyMs: 400 }, drip, method);
      expect(failure).toMatchObject({ type: 'HttpResponse', retryable });
      expect(failure.message).toContain('the request took longer than 0.5 s, the limit of an attempt');
    });

    it('leave an unexpected status its failure, although its body never ends', async () => {
      const failure = await failureWithin({ totalMs: 500 }, (response) => {
        response.statusCode = 404;
        drip(response);
      });
      expect(failure).toMatchObject({ type: 'HttpStatus', retryable: false });
      expect(failure.message).toMatch(/^HTTP 404 from .*the request took longer than 0\.5 s/);
    });

    it('end a body of which nothing arrives for a while', async () => {
      const failure = await failureWithin({ bodyMs: 300 }, (response) => void response.write('begun'));
      expect(failure).toMatchObject({ type: 'HttpResponse', retryable: false });
      expect(failure.message).toContain('nothing arrived for 0.3 s');
    });

    it('of an attempt are 5 minutes', async () => {
      expect(defaultTimeouts.totalMs).toBe(300_000);
    });

    /** Sends a byte now and then, as long as the connection lasts. */
    function drip(response: Parameters<RequestListener>[1]): void {
      const timer = setInterval(() => response.write('x'), 50);
      response.on('close', () => clearInterval(timer));
    }
  });

  it.each([
    ['before the headers', false],
    ['within the body', true],
  ])('ends at once with the reason, and hangs up, when it is aborted %s', async (_what, begin) => {
    const controller = new AbortController();
    const reason = new Error('enough');
    let hungUp: Promise<unknown> | undefined;
    const host = await serve((request, response) => {
      hungUp = once(request.socket, 'close');
      if (begin) response.write('begun');
      setTimeout(() => controller.abort(reason), 50);
    });
    const attempt = send(host, {}, { signal: controller.signal });
    await expect(attempt).rejects.toBe(reason);
    await hungUp;
  });

  it('does not start if it was aborted before', async () => {
    let requests = 0;
    const host = await serve((_request, response) => void response.end(String(requests++)));
    const reason = new Error('enough');
    await expect(send(host, {}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(requests).toBe(0);
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-10-21T07:28:00Z');

  it.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['Wed, 21 Oct 2026 07:29:30 GMT', 90_000],
    ['Wed, 21 Oct 2026 07:00:00 GMT', 0],
    ['Wednesday, 21-Oct-26 07:29:30 GMT', 90_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 0],
    ['Wednesday, 21-Oct-76 07:29:30 GMT', 24 * 3600 * 1000],
    ['Wednesday, 21-Oct-77 07:29:30 GMT', 0],
    ['Wed Oct 21 07:29:30 2026', 90_000],
    ['Sun Nov  6 08:49:37 1994', 0],
    ['Sun Nov  1 08:49:37 2026', 24 * 3600 * 1000],
    ['999999999999999999999', 24 * 3600 * 1000],
    ['Fri, 31 Dec 9999 23:59:59 GMT', 24 * 3600 * 1000],
    ['-5', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['Xyz, nonsense GMT', undefined],
    ['Mon, 31 Feb 2027 07:29:30 GMT', undefined],
    ['Wed, 21 Oct 2026 07:29:30 CET', undefined],
    ['Wed Oct 21 07:29:30 2026 GMT', undefined],
    ['2026-10-21T07:29:30Z', undefined],
    [undefined, undefined],
  ])('reads %j as %s ms', (value, afterMs) => {
    expect(parseRetryAfter(value, now)).toBe(afterMs);
  });
});

describe('http-request: payload', () => {
  const { payload } = createHttpRequest({ allowHosts: ['internal:8080', '[::1]:9000'] });
  const messages = (value: object) => {
    const { error } = payload.safeParse({ url: 'https://example.com', ...value });
    return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
  };

  it.each([
    'http://example.com',
    'https://example.com:443/x?y#z',
    'https://example.com:80',
    'http://INTERNAL:8080/x',
    'http://[::1]:9000',
    'http://[0:0:0:0:0:0:0:1]:9000',
  ])('accepts %s', (url) => {
    expect(messages({ url })).toEqual([]);
  });

  it.each([
    ['nonsense', 'Not a valid URL'],
    ['ftp://example.com', 'Only http and https URLs can be called'],
    ['file:///etc/passwd', 'Only http and https URLs can be called'],
    ['http://u:p@example.com', 'Credentials do not belong in a URL; use a header'],
    ['http://u@example.com', 'Credentials do not belong in a URL; use a header'],
    ['http://example.com:8080', 'Port 8080 is not allowed'],
    ['http://internal:8081', 'Port 8081 is not allowed'],
    ['http://internal.:8080', 'Port 8080 is not allowed'],
    ['http://x.internal:8080', 'Port 8080 is not allowed'],
  ])('rejects %s', (url, message) => {
    expect(messages({ url })).toEqual([`url: ${message}`]);
  });

  it.each([
    'Host',
    'Content-Length',
    'Transfer-Encoding',
    'Connection',
    'Keep-Alive',
    'Upgrade',
    'TE',
    'Trailer',
    'Expect',
    'HTTP2-Settings',
    'Proxy-Authorization',
    'proxy-anything',
  ])('rejects the header %s', (name) => {
    expect(messages({ headers: { [name]: 'x' } })).toEqual([`headers.${name}: This header may not be set`]);
  });

  it.each(['a\r\nb', 'a\nb', 'a\0b', 'a\u007Fb', 'a€b'])('rejects the header value %j', (value) => {
    expect(messages({ headers: { 'x-a': value } })).toHaveLength(1);
  });

  it('rejects invalid header names, and a header that is given twice', () => {
    expect(messages({ headers: { 'a b': 'x' } })).toEqual(['headers.a b: Not a valid header name']);
    expect(messages({ headers: { '': 'x' } })).toEqual(['headers.: Not a valid header name']);
    expect(messages({ headers: { 'X-A': '1', 'x-a': '2' } })).toEqual([
      'headers.x-a: This header is given twice',
    ]);
  });

  it.each([
    { method: 'TRACE' },
    { method: 'CONNECT' },
    { expected_status: 99 },
    { expected_status: [] },
    { other: 1 },
  ])('rejects %j', (value) => {
    expect(messages(value)).toHaveLength(1);
  });

  it.each([
    'internal',
    'internal:0x50',
    ':80',
    'http://internal:80',
    'internal:80/path',
    'u@internal:80',
    'internal:99999',
  ])('rejects %j as a host that may be called', (entry) => {
    expect(() => createHttpRequest({ allowHosts: [entry] })).toThrow(
      `"${entry}" is not of the form host:port`,
    );
  });
});
