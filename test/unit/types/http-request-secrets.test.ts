/** Headers of `http-request` whose values are secrets. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TaskFailure } from '../../../activities/types/define.ts';
import { createHttpRequest } from '../../../activities/types/http-request/index.ts';
import { createContext, failureOf } from './support.ts';

const value = 'the-välue/1';
let server: Server;
let host: string;
const received: IncomingMessage[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    received.push(request);
    if (request.url === '/elsewhere') response.writeHead(307, { Location: `http://${host}/` }).end();
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
