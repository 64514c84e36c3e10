/** Headers of `http-request` whose values are secrets. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { secretReference, TaskFailure } from '../../../activities/types/define.ts';
import { createHttpRequest, defaultTimeouts } from '../../../activities/types/http-request/index.ts';
import { createContext, failureOf } from './support.ts';

const value = 'the-välue/1';
let server: Server;
let host: string;
const received: IncomingMessage[] = [];
/** Maximum size of a body in a result, in bytes. */
const at = 64 * 1024;

beforeAll(async () => {
  server = createServer((request, response) => {
    received.push(request);
    if (request.url === '/elsewhere') response.writeHead(307, { Location: `http://${host}/` }).end();
    else if (request.url === '/long')
      response.end(`${'.'.repeat(at - 4)}${request.headers['x-key']?.toString()}`);
    else if (request.url === '/broken')
      response.write('.'.repeat(at + 1), () => setTimeout(() => response.destroy(), 50));
    else if (request.url === '/failed')
      response.writeHead(500).end(`${'.'.repeat(196)}${request.headers['x-key']?.toString()}`);
    else if (request.url === '/moved') {
      const location = `${'.'.repeat(196)}${request.headers['x-key']?.toString()}`;
      response.writeHead(307, { Location: location }).end();
    }
    // Bytes that are no text in any charset, after the value as it has arrived.
    else response.end(Buffer.from(`${request.headers['x-key']?.toString()}\xff\x00\x81`, 'latin1'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});

beforeEach(() => void received.splice(0));

afterAll(() => void server.close());

const type = () => createHttpRequest({ allowHosts: [host, 'crm.internal:80'] });

/** Sends a request as a task that may use the secrets `one` and `two`, and returns its result. */
async function send(headers: object, path = '/', asked: unknown[] = []) {
  const secret = async (name: string, url: string | URL): Promise<string> => {
    asked.push([name, String(url)]);
    if (name === 'none') throw new TaskFailure('SecretUnavailable', name, { retryable: false });
    return `${value}-${name}`;
  };
  const payload = type().payload.parse({ url: `http://${host}${path}`, headers });
  return (await type().run(createContext({ secret }), payload)) as Record<string, unknown>;
}

describe('http-request: secrets', () => {
  it('sends the values of its references, after their prefixes, and asks for them with its URL', async () => {
    const asked: unknown[] = [];
    await send(
      { 'X-Key': { secret: 'one' }, Authorization: { secret: 'two', prefix: 'Bearer ' } },
      '/a?b',
      asked,
    );
    expect(asked).toEqual(['one', 'two'].map((name) => [name, `http://${host}/a?b`]));
    expect(received[0]?.headers).toMatchObject({
      'x-key': `${value}-one`,
      authorization: `Bearer ${value}-two`,
    });
  });

  it('replaces a value in a body that is no text, which base64 would hide from the worker', async () => {
    const result = await send({ 'X-Key': { secret: 'one', prefix: 'Key ' } });
    const body = Buffer.from(String(result['body']), 'base64').toString('latin1');
    expect(result).toMatchObject({ body_encoding: 'base64' });
    expect(body).toBe('Key [secret one]\xff\x00\x81');
  });

  it.each(['/long', '/failed', '/moved'])('replaces a value before a text is cut: %s', async (path) => {
    const shown = await send({ 'X-Key': { secret: 'one' } }, path).then(
      ({ body }) => String(body),
      (error: unknown) => (error as Error).message,
    );
    expect(shown).toMatch(/\.\[secr?/);
    expect(shown).not.toContain('the-');
  });

  it('returns a body that ends too early beyond its limit', async () => {
    const result = await send({ 'X-Key': { secret: 'one' } }, '/broken');
    expect(result).toMatchObject({ body: '.'.repeat(at), truncated: true });
  });

  it('asks once for a secret that several headers refer to', async () => {
    const asked: unknown[] = [];
    await send({ 'X-Key': { secret: 'one' }, 'X-Other': { secret: 'one', prefix: 'Key ' } }, '/', asked);
    expect(asked).toHaveLength(1);
    expect(received[0]?.headers).toMatchObject({ 'x-other': `Key ${value}-one` });
  });

  it('waits for them no longer than for all of the request', async () => {
    const timeouts = { ...defaultTimeouts, totalMs: 50 };
    const slow = createHttpRequest({ allowHosts: [host], timeouts });
    const payload = slow.payload.parse({ url: `http://${host}/`, headers: { 'X-Key': { secret: 'one' } } });
    const never = createContext({ secret: () => new Promise(() => undefined) });
    await expect(slow.run(never, payload)).rejects.toThrow('the request took longer than 0.05 s');
  });

  it('sends nothing if one of them is not available', async () => {
    const failure = await failureOf(send({ 'X-Key': { secret: 'one' }, 'X-Other': { secret: 'none' } }));
    expect(failure).toMatchObject({ type: 'SecretUnavailable', retryable: false });
    expect(received).toEqual([]);
  });

  it('does not follow a redirect with them', async () => {
    const failure = await failureOf(send({ 'X-Key': { secret: 'one' } }, '/elsewhere'));
    expect(failure.message).toContain('redirects are not followed');
    expect(received).toHaveLength(1);
  });
});

describe('http-request: a payload with secrets', () => {
  const faults = (url: string, header: unknown) =>
    type()
      .payload.safeParse({ url, headers: { 'X-Key': header } })
      .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

  it.each(['https://example.com', 'http://crm.internal/'])('is accepted for %s', (url) => {
    expect(faults(url, { secret: 'crm.token_2-a', prefix: 'Bearer ' })).toEqual([]);
    expect(faults(url, 'text')).toEqual([]);
  });

  it('is rejected over http, except to hosts that may be called so', () => {
    expect(faults('http://example.com', { secret: 'crm' })).toEqual([
      'headers.X-Key: A secret is sent over https only',
    ]);
    expect(faults('http://example.com', 'text')).toEqual([]);
  });

  it('has the shape that other task types can use, too', () => {
    expect(secretReference.parse({ secret: 'crm', prefix: 'Bearer ' })).toEqual({
      secret: 'crm',
      prefix: 'Bearer ',
    });
    expect(secretReference.safeParse({ secret: 'no name' }).success).toBe(false);
  });

  it('can have 16 of them', () => {
    const headers = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`X-${i}`, { secret: 'crm' }]));
    const parse = (count: number) =>
      type().payload.safeParse({ url: 'https://example.com', headers: headers(count) });
    expect(parse(16).success).toBe(true);
    expect(parse(17).error?.issues).toMatchObject([
      { path: ['headers'], message: 'At most 16 headers can be secrets' },
    ]);
  });

  const shape = 'headers.X-Key: Must be text, or a reference to a secret: {"secret": NAME}';
  it.each([
    [1, shape],
    [{}, shape],
    [{ secret: 1 }, shape],
    [{ secret: 'crm', suffix: 'x' }, 'headers.X-Key: Unrecognized key: "suffix"'],
    [{ secret: 'no name' }, 'headers.X-Key.secret: Not a valid name of a secret'],
    [{ secret: '' }, 'headers.X-Key.secret: Not a valid name of a secret'],
    [{ secret: 'crm', prefix: 'a\r\nb' }, "headers.X-Key: A header's value must not have line breaks"],
  ])('is rejected with %j', (header, fault) => {
    expect(faults('https://example.com', header)).toEqual([expect.stringContaining(fault)]);
  });
});
