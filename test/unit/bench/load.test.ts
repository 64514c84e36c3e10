/** The benchmark's HTTP client. It needs no service, only a server that says who called. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createSignedInClient } from '../../../bench/support/load.ts';

const minuteMs = 60_000;

test('a client signs in again before its token expires, once for all calls', async () => {
  const server = createServer((request, response) => response.end(request.headers.authorization));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  let now = 0;
  let signIns = 0;
  const signIn = async () => ({ token: `token-${(signIns += 1)}` });
  const { port } = server.address() as AddressInfo;
  const client = createSignedInClient(`http://127.0.0.1:${port}`, signIn, () => now);
  const call = (): Promise<string> => client.send('GET', '/', 200);
  expect(await Promise.all([call(), call()])).toEqual(['Bearer token-1', 'Bearer token-1']);
  now = 9 * minuteMs;
  expect(await call()).toBe('Bearer token-1');
  now = 14 * minuteMs;
  expect(await Promise.all([call(), call()])).toEqual(['Bearer token-2', 'Bearer token-2']);
  client.close();
  await new Promise((resolve) => server.close(resolve));
});
