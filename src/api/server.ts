import { randomUUID } from 'node:crypto';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener, RequestError } from '@hono/node-server';
import type { Sockets } from '../bridge/sockets.ts';
import { AppError } from '../contract/errors.ts';
import { hostUrl } from '../lib/host-url.ts';
import { headersOutsideApp, problemOutsideApp } from './problem.ts';
import type { Api } from './types.ts';
import { ignoreUpgrade } from './upgrade.ts';

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
/** Methods that at least one route supports. */
const allMethods = 'GET, HEAD, POST, PUT, PATCH, DELETE';

/**
 * Serves the HTTP API and its sockets on one port. Connections beyond the maximum are closed at once.
 * @throws the system's error if the port is not available.
 */
export async function listen(
  app: Pick<Api, 'fetch'>,
  sockets: Pick<Sockets, 'accepts' | 'upgrade'>,
  { host, port, maxConnections = maxOpenConnections }: ListenOptions,
): Promise<Listener> {
  const server = createServer(serverOptions(sockets), createAnswer(app));
  server.maxConnections = maxConnections;
  server.on('upgrade', (request, socket, head) => {
    if (sockets.accepts(request)) sockets.upgrade(request, socket, head);
    else ignoreUpgrade(server, request, socket, head);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });
  return { url: urlOf(server, host), close: () => close(server) };
}

function serverOptions(sockets: Pick<Sockets, 'accepts'>) {
  return {
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    maxHeaderSize: 16 * 1024,
    connectionsCheckingInterval: 5000,
    // The app's answer has a problem document; that of Node.js is empty.
    requireHostHeader: false,
    // Since Node.js 24.9 and 22.21; ignored by others.
    shouldUpgradeCallback: (request: IncomingMessage) => sockets.accepts(request),
  } satisfies ServerOptions & { shouldUpgradeCallback: (request: IncomingMessage) => boolean };
}

/** Returns the listener that passes requests on to the app. It never throws: it responds with 400 or 500 itself. */
function createAnswer(app: Pick<Api, 'fetch'>): RequestListener {
  const answer = getRequestListener(app.fetch, { errorHandler: rejectRequest });
  // Health checks of load balancers use HTTP/1.0, in which Host is optional.
  const answerFormer = getRequestListener(app.fetch, { errorHandler: rejectRequest, hostname: 'localhost' });
  return (request, response) => {
    if (request.method === 'OPTIONS' && request.url === '*') {
      // Asks about the server as a whole, so no route can answer.
      response.writeHead(204, { ...headersOutsideApp(randomUUID()), Allow: allMethods }).end();
    } else void (request.httpVersion === '1.0' ? answerFormer : answer)(request, response);
  };
}

/** Describes a request that the app cannot be asked, since it has no valid URL. */
function rejectRequest(error: unknown): Response {
  const known =
    error instanceof RequestError
      ? new AppError('malformed_request', `The request has no valid URL. ${error.message}.`, { cause: error })
      : error;
  const { status, body, headers } = problemOutsideApp(known);
  return new Response(JSON.stringify(body), { status, headers });
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
