import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface SlowProxy {
  readonly address: string;
  /** Time by which everything that the target sends is delayed, in milliseconds. */
  delayMs: number;
  close(): Promise<void>;
}

/** Starts a TCP proxy that delays what its target sends, as a busy server or a slow network does. */
export async function startSlowProxy(target: string): Promise<SlowProxy> {
  const [host = '', port = ''] = target.split(':');
  const sockets = new Set<Socket>();
  const proxy = { delayMs: 0 };
  const server = createServer((near) => {
    const far = connect(Number(port), host);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    }
    near.pipe(far);
    // One after the other, also when the delay has become shorter.
    let last = Promise.resolve();
    far.on('data', (chunk) => {
      const delayed = sleep(proxy.delayMs, undefined, { ref: false });
      last = Promise.all([last, delayed]).then(() => void near.write(chunk));
    });
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(proxy, {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
