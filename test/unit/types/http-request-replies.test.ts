/** Replies of real servers, byte by byte, as `http-request` reads them. */
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import * as zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TaskFailure } from '../../../activities/types/define.ts';
import { bodyText } from '../../../activities/types/http-request/body-text.ts';
import { decode } from '../../../activities/types/http-request/codings.ts';
import { exchange } from '../../../activities/types/http-request/exchange.ts';
import { createHttpRequest } from '../../../activities/types/http-request/index.ts';
import { bytesOf, startReplyServer, type ReplyServer } from '../../support/reply.ts';
import { createContext, failureOf } from './support.ts';

const expectation = z.looseObject({
  attempts: z.number().optional(),
  failed: z.string().optional(),
  seconds: z.number().optional(),
});
const recorded = z
  .record(
    z.string(),
    z.strictObject({
      reply: z.string(),
      method: z.string().optional(),
      expect: z.union([z.array(expectation), expectation]),
    }),
  )
  .parse(JSON.parse(readFileSync('test/cases/replies.json', 'utf8')));

let server: ReplyServer;
const replies = new Map<string, Buffer>();

beforeAll(async () => {
  server = await startReplyServer((path) => replies.get(path) ?? Buffer.alloc(0));
});
afterAll(() => server.close());

/** Sends a request to which the server replies with these bytes. */
function requestFor(reply: Buffer, payload: object = {}): Promise<unknown> {
  const path = `/${replies.size}`;
  replies.set(path, reply);
  const type = createHttpRequest({ allowHosts: [server.host] });
  const parsed = type.payload.parse({ url: `http://${server.host}${path}`, ...payload });
  return type.run(createContext(), parsed);
}

/** Returns a complete reply. */
function ok(body: Buffer, headers: readonly string[] = [], status = '200 OK'): Buffer {
  const lines = [`HTTP/1.1 ${status}`, ...headers, `Content-Length: ${body.length}`, '', ''];
  return Buffer.concat([bytesOf(lines.join('\r\n')), body]);
}

/** What a task shows: the parts of its result, or its failure; and how many attempts one retry makes of it. */
type Shown = Record<string, unknown>;

async function shown(attempt: Promise<unknown>): Promise<Shown> {
  try {
    const result = (await attempt) as Shown & { headers: Shown };
    const headers = Object.entries(result.headers).map(([name, value]) => [`headers.${name}`, value]);
    return { ...result, ...Object.fromEntries(headers), attempts: 1 };
  } catch (error) {
    if (!(error instanceof TaskFailure)) throw error;
    const seconds = (error.retryAfterMs ?? 0) / 1000;
    return { failed: error.message, attempts: error.retryable ? 2 : 1, seconds };
  }
}

function matches(actual: Shown, { failed, seconds, ...exact }: z.output<typeof expectation>): boolean {
  if (failed !== undefined && !new RegExp(failed, 'i').test(String(actual['failed']))) return false;
  if (seconds !== undefined && Number(actual['seconds']) < seconds) return false;
  return Object.entries(exact).every(
    ([name, value]) => JSON.stringify(actual[name]) === JSON.stringify(value),
  );
}

describe('replies that other programs are known to misread', () => {
  it.each(Object.entries(recorded))(
    '%s is read as it should be',
    async (_path, { reply, method, expect: wanted }) => {
      const asctime = new Date(Date.now() + 15_000).toUTCString();
      const [weekday, day, month, year, time] = asctime.replace(',', '').split(' ');
      const bytes = bytesOf(
        reply.replace('{asctime}', `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`),
      );
      const actual = await shown(requestFor(bytes, method === undefined ? {} : { method }));
      const choices = [wanted].flat();
      expect(choices.some((choice) => matches(actual, choice)) ? choices[0] : actual).toEqual(choices[0]);
    },
  );
});

describe('http-request: the text of a body', () => {
  it.each([
    ['no Content-Type', [], 'Köln', Buffer.from('Köln'), 'utf-8'],
    ['JSON', ['Content-Type: application/json'], '"ü"', Buffer.from('"ü"'), 'utf-8'],
    ['a charset in quotes', ['Content-Type: text/plain; Charset="UTF-8"'], 'ü', Buffer.from('ü'), 'utf-8'],
    ['latin1', ['Content-Type: text/plain; charset=latin1'], '10 €', bytesOf('10 \x80'), 'windows-1252'],
    [
      'us-ascii that is more',
      ['Content-Type: text/plain; charset=us-ascii'],
      'é',
      bytesOf('\xe9'),
      'windows-1252',
    ],
    [
      'JSON in Latin-1',
      ['Content-Type: application/json; charset=iso-8859-1'],
      '"é"',
      bytesOf('"\xe9"'),
      'windows-1252',
    ],
    ['KOI8-R', ['Content-Type: text/html; charset=koi8-r'], 'да', bytesOf('\xc4\xc1'), 'koi8-r'],
    ['GBK', ['Content-Type: text/html; charset=GB2312'], '中文', bytesOf('\xd6\xd0\xce\xc4'), 'gbk'],
    ['UTF-16 with a mark', ['Content-Type: text/plain'], 'ab', bytesOf('\xff\xfea\0b\0'), 'utf-16le'],
    ['UTF-16BE with a mark', ['Content-Type: text/plain'], 'ab', bytesOf('\xfe\xff\0a\0b'), 'utf-16be'],
    [
      'UTF-16 without a mark',
      ['Content-Type: text/plain; charset=utf-16'],
      'ab',
      bytesOf('a\0b\0'),
      'utf-16le',
    ],
    [
      'a mark that contradicts the charset',
      ['Content-Type: text/plain; charset=latin1'],
      'é',
      bytesOf('\xef\xbb\xbf\xc3\xa9'),
      'utf-8',
    ],
    ['an unknown charset', ['Content-Type: text/plain; charset=x-klingon'], 'é', Buffer.from('é'), 'utf-8'],
    ['a Content-Type that is none', ['Content-Type: ;charset'], 'é', Buffer.from('é'), 'utf-8'],
    [
      '"charset" in another parameter',
      ['Content-Type: text/plain; a="; charset=latin1"'],
      'é',
      Buffer.from('é'),
      'utf-8',
    ],
    ['nothing', [], '', Buffer.alloc(0), 'utf-8'],
  ])('is decoded: %s', async (_what, headers, body, bytes, charset) => {
    expect(await requestFor(ok(bytes, headers))).toMatchObject({
      body,
      body_encoding: 'text',
      charset,
      content_encoding: null,
      truncated: false,
    });
  });

  it.each([
    ['bytes that are not UTF-8', [], bytesOf('K\xf6ln')],
    [
      'bytes that are not UTF-8, although it is named',
      ['Content-Type: text/plain; charset=utf-8'],
      bytesOf('K\xf6ln'),
    ],
    ['bytes that are not UTF-8, after its mark', [], bytesOf('\xef\xbb\xbf\xf6')],
    [
      'bytes that are not in the charset',
      ['Content-Type: text/plain; charset=shift_jis'],
      bytesOf('\x93\xff'),
    ],
    [
      'bytes that are not UTF-8, and an unknown charset',
      ['Content-Type: text/plain; charset=cp437'],
      bytesOf('K\x94ln'),
    ],
    ['half a UTF-16 character', ['Content-Type: text/plain; charset=utf-16le'], bytesOf('a\0b')],
    ['half a surrogate pair', ['Content-Type: text/plain; charset=utf-16le'], bytesOf('\0\xd8a\0')],
    ['UTF-8 whose last character is cut', [], bytesOf('ab\xc3')],
    ['UTF-32', ['Content-Type: text/plain'], bytesOf('\xff\xfe\0\0a\0\0\0')],
    ['a gzip file', ['Content-Type: application/gzip'], zlib.gzipSync('x')],
  ])('is not made up: %s come as base64', async (_what, headers, bytes) => {
    expect(await requestFor(ok(bytes, headers))).toMatchObject({
      body: bytes.toString('base64'),
      body_encoding: 'base64',
      charset: null,
      truncated: false,
    });
  });

  it('is cut at 64 KiB in base64 as well, and at a character in other charsets', async () => {
    const binary = Buffer.alloc(65_537, 0xff);
    expect(await requestFor(ok(binary))).toMatchObject({
      body: binary.subarray(0, 65_536).toString('base64'),
      truncated: true,
    });
    const header = 'Content-Type: text/plain; charset=shift_jis';
    // A byte, then characters of two bytes each: the limit is within one.
    const japanese = Buffer.concat([bytesOf('x'), bytesOf('\x93\xfa'.repeat(40_000))]);
    expect(await requestFor(ok(japanese, [header]))).toMatchObject({
      body: `x${'日'.repeat(32_767)}`,
      truncated: true,
    });
  });

  it('is cut where a result has less room', () => {
    const body = (bytes: Buffer) => ({ bytes, isCut: false, unknownCodings: [], fault: undefined });
    expect(bodyText(body(Buffer.from('a"é\n日')), undefined, 7)).toMatchObject({
      body: 'a"é\n',
      truncated: true,
    });
    expect(bodyText(body(Buffer.from([255, 1, 2, 3])), undefined, 7)).toMatchObject({
      body: '/wEC',
      truncated: true,
    });
  });

  it.each([
    ['text', Buffer.alloc(65_536, '"')],
    ['control characters', Buffer.alloc(65_536, 1)],
    ['bytes', Buffer.alloc(65_536, 0xff)],
  ])('fits into a result of 256 KiB beside 60 KiB of headers: %s', async (_what, body) => {
    const result = await requestFor(ok(body, [`X-Quotes: ${'"'.repeat(60 * 1024)}`]));
    expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThanOrEqual(256 * 1024);
  });
});

async function* singly(bytes: Buffer): AsyncGenerator<Buffer> {
  for (const byte of bytes) yield Buffer.from([byte]);
}

describe('http-request: content codings', () => {
  const text = '{"hello":"world"}';
  const zip = { gzip: zlib.gzipSync, br: zlib.brotliCompressSync, deflate: zlib.deflateSync };

  it.each([
    ['gzip', zip.gzip(text)],
    ['X-GZIP', zip.gzip(text)],
    ['deflate', zip.deflate(text)],
    ['deflate', zlib.deflateRawSync(text)],
    ['br', zip.br(text)],
    ['identity', Buffer.from(text)],
    ['', Buffer.from(text)],
    ['gzip, br', zip.br(zip.gzip(text))],
    ['br,deflate , identity, gzip', zip.gzip(zip.deflate(zip.br(text)))],
    ['deflate, deflate', zlib.deflateRawSync(zip.deflate(text))],
  ])('are undone in reverse order: %j', async (codings, bytes) => {
    const reply = ok(bytes, [`Content-Encoding: ${codings}`]);
    expect(await requestFor(reply)).toMatchObject({ body: text, content_encoding: null });
  });

  it('are undone in reverse order over several headers', async () => {
    const reply = ok(zip.br(zip.gzip(text)), ['Content-Encoding: gzip', 'Content-Encoding: br']);
    expect(await requestFor(reply)).toMatchObject({ body: text, content_encoding: null });
  });

  it.each([
    ['deflate', zip.deflate(text)],
    ['deflate', zlib.deflateRawSync(text)],
    ['gzip', zip.gzip(text)],
  ])('are recognised however the bytes arrive: %s', async (coding, bytes) => {
    const { bytes: decoded } = decode(singly(bytes), coding);
    const chunks: Buffer[] = [];
    for await (const chunk of decoded) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe(text);
  });

  it.skipIf(!('createZstdDecompress' in zlib))('include zstd where Node.js has it', async () => {
    const compress = (zlib as unknown as { zstdCompressSync: (data: string) => Buffer }).zstdCompressSync;
    expect(await requestFor(ok(compress(text), ['Content-Encoding: zstd']))).toMatchObject({ body: text });
  });

  it.each([
    ['compress', Buffer.from(text), 'compress', Buffer.from(text)],
    ['exi, gzip', zip.gzip(text), 'exi', Buffer.from(text)],
    ['gzip, exi', zip.gzip(text), 'gzip, exi', zip.gzip(text)],
    [
      Array<string>(9).fill('gzip').join(),
      zip.gzip(text),
      Array<string>(9).fill('gzip').join(', '),
      zip.gzip(text),
    ],
  ])('are named with the bytes in base64 where they are unknown: %s', async (codings, bytes, left, kept) => {
    expect(await requestFor(ok(bytes, [`Content-Encoding: ${codings}`]))).toMatchObject({
      body: kept.toString('base64'),
      body_encoding: 'base64',
      content_encoding: left,
    });
  });

  it.each([
    ['no body', Buffer.alloc(0)],
    ['an empty body that has it', zip.gzip('')],
  ])('may be named with %s', async (_what, bytes) => {
    expect(await requestFor(ok(bytes, ['Content-Encoding: gzip']))).toMatchObject({
      body: '',
      truncated: false,
    });
  });

  it.each([
    [
      'that is not what its header says',
      'gzip',
      Buffer.from(text),
      /wrong content coding: incorrect header check/,
    ],
    [
      'that is cut off',
      'gzip',
      zip.gzip(text).subarray(0, 20),
      /wrong content coding: unexpected end of file/,
    ],
    ['that is cut off', 'br', zip.br(text).subarray(0, 8), /wrong content coding: unexpected end of file/],
    [
      'that is cut off within another',
      'deflate, gzip',
      zip.gzip(zip.deflate(text).subarray(0, 12)),
      /wrong content coding/,
    ],
  ])('fail an attempt with a success and a body %s (%s)', async (_what, coding, bytes, message) => {
    const failure = await failureOf(requestFor(ok(bytes, [`Content-Encoding: ${coding}`])));
    expect(failure).toMatchObject({ type: 'HttpResponse', message: expect.stringMatching(message) });
  });
});

describe('http-request: headers of a response', () => {
  const headersOf = async (lines: readonly string[]): Promise<unknown> =>
    ((await requestFor(ok(Buffer.from('x'), lines))) as { headers: unknown }).headers;

  it('are joined by commas if they occur several times, apart from Set-Cookie, which is a list', async () => {
    expect(
      await headersOf([
        'Link: <a>',
        'LINK: <b>',
        'Set-Cookie: a=1; Expires=Wed, 09 Jun 2032 10:18:14 GMT',
        'Age: 1',
        'Age: 2',
      ]),
    ).toMatchObject({
      link: '<a>, <b>',
      'set-cookie': ['a=1; Expires=Wed, 09 Jun 2032 10:18:14 GMT'],
      age: '1, 2',
    });
  });

  it('are read as UTF-8 if they are that, and else as Latin-1', async () => {
    expect(await headersOf(['X-A: K\xf6ln', 'X-B: K\xc3\xb6ln'])).toMatchObject({
      'x-a': 'Köln',
      'x-b': 'Köln',
    });
  });

  it('may have 64 KiB, and may be many', async () => {
    const many = Array.from({ length: 5000 }, (_, index) => `X-${index}: 1`);
    expect(Object.keys((await headersOf(many)) as object)).toHaveLength(5001);
    expect(await headersOf([`X-Big: ${'a'.repeat(63 * 1024)}`])).toMatchObject({
      'x-big': 'a'.repeat(63 * 1024),
    });
  });
});

describe('http-request: replies that are no good', () => {
  const gzipped = 'Content-Encoding: gzip';

  it.each([
    [
      'a body that is not compressed as it says',
      ok(Buffer.from('sorry'), [gzipped], '404 Not Found'),
      'HTTP 404',
      false,
      'its body cannot be read: wrong content coding',
    ],
    [
      'a body that is cut off',
      bytesOf('HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\nonly this'),
      'HTTP 404',
      false,
      ': only this (its body cannot be read: the connection ended within the body)',
    ],
    [
      'a broken chunk',
      bytesOf('HTTP/1.1 409 Conflict\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\nxyz\r\n'),
      'HTTP 409',
      false,
      'abcd (its body cannot be read:',
    ],
    [
      'a body in another charset',
      ok(bytesOf('K\xf6ln'), ['Content-Type: text/plain; charset=latin1'], '400 Bad Request'),
      'HTTP 400',
      false,
      ': Köln',
    ],
    [
      'a body that is no text',
      ok(bytesOf('\xff\xd8'), [], '403 Forbidden'),
      'HTTP 403',
      false,
      'its body is no text',
    ],
    [
      'a body with an unknown coding',
      ok(Buffer.from('x'), ['Content-Encoding: exi'], '451 Withheld'),
      'HTTP 451',
      false,
      'unknown content coding: exi',
    ],
    [
      'a body that is cut off',
      bytesOf('HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 9\r\n\r\nx'),
      'HTTP 503',
      true,
      ': x (',
    ],
  ])('fail by their status whatever their body is: %s', async (_what, reply, message, retryable, remark) => {
    const failure = await failureOf(requestFor(reply, { method: 'POST' }));
    expect(failure).toMatchObject({ type: 'HttpStatus', retryable });
    expect(failure.message).toMatch(new RegExp(`^${message} from `));
    expect(failure.message).toContain(remark);
  });

  const unreadable: readonly (readonly [string, Buffer, RegExp])[] = [
    [
      'headers of more than 64 KiB',
      ok(Buffer.from('x'), [`X-Big: ${'a'.repeat(65 * 1024)}`]),
      /: its headers are larger than 64 KiB/,
    ],
    [
      'a body that is cut off',
      bytesOf('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx'),
      /: the connection ended within the body/,
    ],
    [
      'a compressed body that is cut off',
      bytesOf(
        `HTTP/1.1 200 OK\r\n${gzipped}\r\nContent-Length: 99\r\n\r\n${zlib.gzipSync('x').toString('latin1')}`,
      ),
      /: the connection ended within the body/,
    ],
    ['a body without its coding', ok(Buffer.from('plain'), [gzipped]), /: wrong content coding/],
    [
      'headers that are cut off',
      bytesOf('HTTP/1.1 200 OK\r\nX-A: 1\r\n'),
      /: the connection ended within its headers/,
    ],
    [
      'length and chunks at once',
      bytesOf('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
      /: Parse Error/,
    ],
    [
      'a control character in a header',
      bytesOf('HTTP/1.1 200 OK\r\nX-A: \x01\r\nContent-Length: 0\r\n\r\n'),
      /: Parse Error/,
    ],
    [
      'a space after a name',
      bytesOf('HTTP/1.1 200 OK\r\nX : 1\r\nContent-Length: 0\r\n\r\n'),
      /: Parse Error/,
    ],
    ['another protocol', bytesOf('ICY 200 OK\r\n\r\n'), /: Parse Error/],
    ['no HTTP', bytesOf('nonsense\r\n\r\n'), /: Parse Error/],
    [
      'a switch of protocol',
      bytesOf('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
      /switches to another protocol/,
    ],
  ];

  it.each(unreadable)('are not asked for again by POST or PATCH: %s', async (_what, reply, message) => {
    for (const method of ['POST', 'PATCH']) {
      const failure = await failureOf(requestFor(reply, { method, body: 'x' }));
      expect(failure).toMatchObject({ type: 'HttpResponse', retryable: false });
      expect(failure.message).toMatch(/^The response from 127\.0\.0\.1:\d+ cannot be read: /);
      expect(failure.message).toMatch(message);
      expect(failure.message).toContain(`The server received the ${method} request, so it is not repeated`);
    }
  });

  it.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])(
    'are asked for again by %s, which is harmless',
    async (method) => {
      const failure = await failureOf(requestFor(bytesOf('HTTP/1.1 200 OK\r\nX-A: 1\r\n'), { method }));
      expect(failure).toMatchObject({ type: 'HttpResponse', retryable: true });
      expect(failure.message).not.toContain('not repeated');
    },
  );

  it('are asked for again by POST if nothing of them arrived', async () => {
    const failure = await failureOf(requestFor(Buffer.alloc(0), { method: 'POST' }));
    expect(failure).toMatchObject({ type: 'HttpConnection', retryable: true });
    expect(failure.message).toMatch(/^No response from 127\.0\.0\.1:\d+: /);
  });
});

it('a request whose attempt ends just before it is sent is not sent', async () => {
  const [address = '', port] = server.host.split(':');
  const socket = connect({ host: address, port: Number(port) });
  await once(socket, 'connect');
  const before = server.requests.length;
  const reason = new Error('enough');
  const request = { method: 'POST', path: '/', headers: { host: server.host }, body: undefined };
  await expect(exchange(socket, request, AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(socket.destroyed).toBe(true);
  expect(server.requests).toHaveLength(before);
});

describe('http-request: interim responses', () => {
  it.each(['100 Continue', '102 Processing', '103 Early Hints', '199 Unknown'])(
    'are skipped: %s',
    async (status) => {
      const interim = bytesOf(`HTTP/1.1 ${status}\r\nLink: </a.css>\r\n\r\n`);
      const result = await requestFor(Buffer.concat([interim, interim, ok(Buffer.from('ok'))]), {
        method: 'POST',
      });
      expect(result).toMatchObject({ status: 200, headers: { 'content-length': '2' }, body: 'ok' });
    },
  );
});

describe('http-request: bodies that HTTP does not allow', () => {
  it.each(['204 No Content', '304 Not Modified'])('are ignored: %s with a body', async (status) => {
    const expected_status = Number(status.slice(0, 3));
    const reply = ok(Buffer.from('surplus'), ['Connection: close'], status);
    expect(await requestFor(reply, { method: 'POST', expected_status })).toMatchObject({ body: '' });
  });
});
