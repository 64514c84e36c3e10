import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Sockets } from '../bridge/sockets.ts';
import type { Api } from './types.ts';
import { hostUrl } from '../lib/host-url.ts';

export interface Listener {
  readonly url: string;
  /** Stops accepting, lets requests in progress finish, and cuts them off after 5 s. */
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly maxConnections?: number;
}

/**
 * Maximum time for a client to send its headers, or its whole request, in milliseconds. Slower ones are cut
 * off.
 */
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
const keepAliveTimeoutMs = 65_000;
const closeTimeoutMs = 5000;
/** Maximum number of connections of everyone. Systems often let a process have 20,000 files and connections. */
const maxOpenConnections = 10_000;

/**
 * Serves the HTTP API and its sockets on one port. Connections beyond the maximum are closed at once.
 * @throws the system's error if the port is not available.
 */
export async function listen(
  app: Pick<Api, 'fetch'>,
  sockets: Pick<Sockets, 'upgrade'>,
  { host, port, maxConnections = maxOpenConnections }: ListenOptions,
): Promise<Listener> {
  // Never rejects: it responds with 500 itself.
  const answer = getRequestListener(app.fetch);
  const server = createServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      maxHeaderSize: 16 * 1024,
      connectionsCheckingInterval: 5000,
    },
    (request, response) => void answer(request, response),
  );
  server.maxConnections = maxConnections;
  server.on('upgrade', sockets.upgrade);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });
  return { url: urlOf(server, host), close: () => close(server) };
}

function urlOf(server: Server, host: string): string {
  // A listening TCP server has an address of this form.
  const { port } = server.address() as AddressInfo;
  return hostUrl(host, port);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cutOff = setTimeout(() => server.closeAllConnections(), closeTimeoutMs);
    server.close(() => {
      clearTimeout(cutOff);
      resolve();
    });
    server.closeIdleConnections();
  });
}
