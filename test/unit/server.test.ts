import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { listen } from '../../src/api/server.ts';

test('a connection beyond the maximum is closed, and one that is given up makes room for another', async () => {
  const app = { fetch: async () => new Response('here') };
  const sockets = { upgrade: () => undefined };
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
