/** The port of a process's metrics: listening → closed. Its process opens and closes it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { parseHostName } from '../lib/host-name.ts';
import { hostUrl } from '../lib/host-url.ts';
import type { MetricsPage } from './registry.ts';

export interface MetricsServer {
  /** Address of the page. */
  readonly url: string;
  /** Ends all connections. */
  close(): Promise<void>;
}

export interface MetricsServerOptions {
  readonly host: string;
  readonly port: number;
  readonly page: () => Promise<MetricsPage>;
}

const metricsPath = '/metrics';
/** Maximum time for a client to send its request, in milliseconds. */
const requestTimeoutMs = 5000;
/** Maximum number of connections. A few programs read the page, each over one. */
const maxConnections = 50;

/** @throws the system's error if the port is not available. */
export async function serveMetrics({ host, port, page }: MetricsServerOptions): Promise<MetricsServer> {
  const server = createServer(
    { headersTimeout: requestTimeoutMs, requestTimeout: requestTimeoutMs, maxHeaderSize: 16 * 1024 },
    (request, response) => void answer(request, response),
  );
  server.maxConnections = maxConnections;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const { method = '', url = '' } = request;
    if (url.replace(/\?.*$/, '') !== metricsPath || !isOwnHost(host, request.headers.host))
      return end(response, 404, `There is only ${metricsPath}.\n`);
    if (method !== 'GET' && method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return end(response, 405, 'The metrics can only be read.\n');
    }
    const { type, text } = await page();
    return end(response, 200, text, type);
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => resolve());
  });
  return { url: `${hostUrl(host, portOf(server))}${metricsPath}`, close: () => close(server) };
}

function end(
  response: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  // Without the body if the method is HEAD.
  response.end(text);
}

/**
 * Returns whether a request is for this machine, if the port is open to it alone. Otherwise, a web page whose name is made
 * to resolve to this machine (DNS rebinding) could read the metrics.
 */
function isOwnHost(host: string, asked: string | undefined): boolean {
  if (!isLoopback(host)) return true;
  const name = parseHostName(asked ?? '')?.hostname;
  return name !== undefined && isLoopback(name);
}

function isLoopback(host: string): boolean {
  return (
    host === 'localhost' ||
    host === '::1' ||
    host === '[::1]' ||
    (isIP(host) === 4 && host.startsWith('127.'))
  );
}

function portOf(server: Server): number {
  // A listening TCP server has an address of this form.
  return (server.address() as AddressInfo).port;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
