import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A network link between a client and a service. It forwards bytes, and fails on request. */
export interface Link {
  readonly url: string;
  /** Breaks all connections and refuses new ones. */
  cut(): void;
  /** Allows new connections again. */
  restore(): void;
  close(): Promise<void>;
}

export async function startLink(target: string): Promise<Link> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  let isCut = false;

  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(Number(port), hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket);
      socket.pipe(other);
      // `close` follows. The other side learns only that the connection has ended.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const breakAll = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    // A listening TCP server's address has this form.
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      isCut = true;
      breakAll();
    },
    restore() {
      isCut = false;
    },
    async close() {
      isCut = true;
      const closed = new Promise((resolve) => server.close(resolve));
      breakAll();
      await closed;
    },
  };
}
