import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCallerAddressOf } from '../../src/api/caller-address.ts';
import type { ApiEnv } from '../../src/api/types.ts';

/** Creates a server that responds with the client it has identified; requests come from 127.0.0.1. */
function served(trustedProxies: string[], onUntrusted?: (peer: string) => void) {
  const callerAddressOf = createCallerAddressOf(trustedProxies, onUntrusted);
  const app = new Hono<ApiEnv>().get('/', (c) => c.json(callerAddressOf(c)));
  const answer = getRequestListener(app.fetch);
  const server = createServer((request, response) => void answer(request, response));
  return {
    open: () => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)),
    close: () => new Promise((resolve) => server.close(resolve)),
    async ask(forwardedFor?: string, proto?: string): Promise<unknown> {
      const { port } = server.address() as AddressInfo;
      const headers = {
        Connection: 'close',
        ...(forwardedFor === undefined ? {} : { 'X-Forwarded-For': forwardedFor }),
        ...(proto === undefined ? {} : { 'X-Forwarded-Proto': proto }),
      };
      return (await fetch(`http://127.0.0.1:${port}/`, { headers })).json();
    },
  };
}

describe('without a trusted proxy', () => {
  const reported: string[] = [];
  const service = served(['10.0.0.0/8'], (peer) => reported.push(peer));
  beforeAll(service.open);
  afterAll(service.close);

  test('the client is the peer of the connection, whatever the headers say', async () => {
    const itself = { address: '127.0.0.1', isSecure: false };
    expect(await service.ask()).toEqual(itself);
    expect(await service.ask('203.0.113.7', 'https')).toEqual(itself);
  });

  test('the first X-Forwarded-For is reported, since a proxy may be missing from the setting', async () => {
    await service.ask();
    await service.ask('203.0.113.7');
    await service.ask('203.0.113.8');
    expect(reported).toEqual(['127.0.0.1']);
  });
});

describe('behind a trusted proxy', () => {
  const service = served(['127.0.0.0/8', '10.0.0.0/8', '2001:db8:f::/48']);
  beforeAll(service.open);
  afterAll(service.close);

  test.each([
    [undefined, '127.0.0.1'],
    ['203.0.113.7', '203.0.113.7'],
    ['198.51.100.9, 203.0.113.7', '203.0.113.7'],
    ['203.0.113.7, 10.1.2.3', '203.0.113.7'],
    ['198.51.100.9, 203.0.113.7 , 2001:db8:f::1,10.1.2.3', '203.0.113.7'],
    ['10.1.2.3', '127.0.0.1'],
    ['nonsense', 'unknown'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:4711', '203.0.113.7'],
    ['[2001:db8:1:2::1]:443', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::1]', '2001:db8:1:2::/64'],
    ['203.0.113.7:4711, 10.1.2.3:80, [2001:db8:f::1]:443', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ])('X-Forwarded-For: %s identifies the client as %s', async (header, address) => {
    expect(await service.ask(header)).toEqual({ address, isSecure: false });
  });

  test.each([
    ['https', true],
    ['HTTPS', true],
    ['http', false],
    ['https, http', false],
    ['', false],
  ])('X-Forwarded-Proto: %j is secure: %s', async (proto, isSecure) => {
    expect(await service.ask('203.0.113.7', proto)).toMatchObject({ isSecure });
  });
});
