/**
 * The only way to the Temporal Web UI, which itself answers every caller: no sign-in, no check of the Host. A web
 * page whose name is made to resolve to this machine (DNS rebinding) would otherwise read and change all tasks.
 *
 * Written with node:http: what builds on fetch (hono/proxy) refuses the ports that hide the Web UI from browsers.
 */
import {
  Agent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse,
  STATUS_CODES,
  createServer,
  request as sendRequest,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { HiddenPlace } from './hidden-ports.ts';

export interface WebUiProxyOptions {
  readonly host: string;
  readonly port: number;
  /** Returns where the Web UI itself listens; undefined while it doesn't. */
  readonly target: () => HiddenPlace | undefined;
}

/** Listening → closed. Its creator closes it. */
export interface WebUiProxy {
  readonly port: number;
  /** Ends all connections at once. */
  close(): Promise<void>;
}

/** Names under which a browser reaches this machine and nothing else. DNS can't change what they mean. */
const ownNames = ['127.0.0.1', 'localhost', '[::1]'];

const noResponse = 'The Temporal Web UI does not respond. Try again in a few seconds.';

/** Headers that concern one connection only; the next one has its own (RFC 9110, section 7.6.1). */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
]);

/** Starts to listen. @throws the system's error if the port is not available. */
export async function startWebUiProxy({ host, port, target }: WebUiProxyOptions): Promise<WebUiProxy> {
  const agent = new Agent({ keepAlive: true });
  const upgraded = new Set<Duplex>();
  // Long polls of the Web UI's pages wait for their response, which has no deadline.
  const server = createServer();
  const boundPort = (): number => (server.address() as AddressInfo).port;
  server.on('request', (incoming, response) => {
    const rejection = rejectionOf(incoming, boundPort());
    const place = target();
    if (rejection !== undefined) answer(response, 403, rejection);
    else if (place === undefined) answer(response, 502, noResponse);
    else void forward(incoming, response, { ...place, agent });
  });
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
    socket.on('error', () => socket.destroy());
    const place = target();
    if (rejectionOf(incoming, boundPort()) !== undefined) refuseUpgrade(socket, 403);
    else if (place === undefined) refuseUpgrade(socket, 502);
    else forwardUpgrade(incoming, socket, head, place);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => resolve());
  });
  return {
    port: boundPort(),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of upgraded) socket.destroy();
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}

/** @returns why a request is rejected: a sentence that says what to do; undefined if it is allowed. */
function rejectionOf({ headers: { host, origin } }: IncomingMessage, port: number): string | undefined {
  const ownHosts = new Set(ownNames.flatMap((name) => [`${name}:${port}`, ...(port === 80 ? [name] : [])]));
  if (host === undefined || !ownHosts.has(host.toLowerCase())) {
    return `The Temporal Web UI is not served under this address. Open http://127.0.0.1:${port}`;
  }
  if (origin !== undefined && !ownHosts.has(origin.toLowerCase().replace(/^http:\/\//, ''))) {
    return `Pages of other sites can't use the Temporal Web UI. Open http://127.0.0.1:${port}`;
  }
  return undefined;
}

type Target = Pick<RequestOptions, 'host' | 'port' | 'agent'>;

async function forward(incoming: IncomingMessage, response: ServerResponse, target: Target): Promise<void> {
  const { method, url: path, headers } = incoming;
  const outgoing = sendRequest({ ...target, method, path, headers: requestHeaders(headers) });
  // A page that is closed while it waits must not leave its long poll behind.
  response.once('close', () => outgoing.destroy());
  try {
    const [received] = await Promise.all([
      new Promise<IncomingMessage>((resolve, reject) =>
        outgoing.once('response', resolve).on('error', reject),
      ),
      pipeline(incoming, outgoing),
    ]);
    response.writeHead(received.statusCode ?? 502, endToEnd(received.headers));
    await pipeline(received, response);
  } catch {
    // Whichever side broke off, the browser learns it from the response; nothing here can repair it.
    if (response.headersSent) response.destroy();
    else answer(response, 502, noResponse);
  }
}

/** A body of unknown length stays in chunks: without them, its end would not be marked for every method. */
function requestHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const inChunks = headers['transfer-encoding'] !== undefined;
  return { ...endToEnd(headers), ...(inChunks ? { 'transfer-encoding': 'chunked' } : {}) };
}

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = new Set((headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !hopByHop.has(name) && !named.has(name)),
  );
}

function forwardUpgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer, target: HiddenPlace): void {
  const { method, url: path, headers } = incoming;
  const outgoing = sendRequest({ ...target, method, path, headers });
  socket.once('close', () => outgoing.destroy());
  outgoing.on('upgrade', (received, upstream, rest) => {
    socket.write(responseHead(101, received.rawHeaders));
    upstream.unshift(rest);
    socket.unshift(head);
    const end = (): void => {
      upstream.destroy();
      socket.destroy();
    };
    upstream.on('error', end).on('close', end);
    socket.on('close', end);
    upstream.pipe(socket).pipe(upstream);
  });
  outgoing.on('response', ({ statusCode }) => refuseUpgrade(socket, statusCode ?? 502));
  outgoing.on('error', () => refuseUpgrade(socket, 502));
  outgoing.end();
}

function refuseUpgrade(socket: Duplex, status: number): void {
  socket.end(responseHead(status, ['Connection', 'close', 'Content-Length', '0']));
}

function responseHead(status: number, rawHeaders: readonly string[]): string {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`];
  for (let i = 0; i < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
  response.end(`${text}\n`);
}
