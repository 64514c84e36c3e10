import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to a request: forwarded; forwarded, but its response lost; never answered; or answered by the proxy. */
type Fault =
  | 'pass'
  | 'lose-answer'
  | 'hang'
  | { readonly status: number; readonly headers?: Record<string, string> };

export interface FaultyProxy {
  readonly url: string;
  readonly requests: { readonly method: string; readonly path: string }[];
  /** Sets the faults of the next requests, in order. All later requests are forwarded. */
  fail(...faults: Fault[]): void;
  close(): Promise<void>;
}

/** Starts a proxy between a client and a service, which fails requests as networks do. */
export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const faults: Fault[] = [];
  const requests: { method: string; path: string }[] = [];

  function forward(incoming: IncomingMessage, outgoing: ServerResponse, loses: boolean): void {
    const { method, headers, url = '/' } = incoming;
    const upstream = request(new URL(url, target), { method, headers }, (answer) => {
      if (loses) {
        // The whole response has arrived, so the service has done what was requested.
        answer.resume().on('end', () => outgoing.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    upstream.on('error', () => outgoing.destroy());
    incoming.pipe(upstream);
  }

  const server = createServer((incoming, outgoing) => {
    requests.push({ method: incoming.method ?? '', path: incoming.url ?? '' });
    const fault = faults.shift() ?? 'pass';
    if (fault === 'hang') return;
    if (typeof fault === 'string') {
      forward(incoming, outgoing, fault === 'lose-answer');
      return;
    }
    incoming.resume();
    outgoing.writeHead(fault.status, { 'Content-Type': 'text/plain', ...fault.headers }).end('no');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    fail: (...next) => void faults.push(...next),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
