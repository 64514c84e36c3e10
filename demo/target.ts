import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isErrno } from '../src/lib/errno.ts';

const host = '127.0.0.1';
/** Delay of a response, in milliseconds: long enough to see the task RUNNING. A shorter attempt could go unseen. */
const thinkingMs = 1500;
const rejections = 2;
const usualPort = 8765;

/** The server that the demo's HTTP tasks call; serving → closed, by `close()`. */
export interface Target {
  /** The target's `host:port`, in the form of TASKBELL_HTTP_ALLOW_HOSTS. */
  readonly hostAndPort: string;
  /** Answers 200 with a little JSON, after a delay. */
  readonly forecastUrl: string;
  /** Answers 503 with Retry-After twice, then 200. */
  readonly flakyUrl: string;
  close(): Promise<void>;
}

/**
 * Returns an address that a running service may allow the demo's HTTP tasks to call: an allowed one, provided
 * that the service was started with this same environment; otherwise a fixed port, so that it can be allowed
 * beforehand.
 */
export function targetFor(allowHosts: readonly string[]): { hostAndPort: string; port: number } {
  const hostAndPort = allowHosts.find((entry) => entry.startsWith(`${host}:`)) ?? `${host}:${usualPort}`;
  return { hostAndPort, port: Number(hostAndPort.slice(host.length + 1)) };
}

/** Starts the demo's target. @param port preferred port; if it is taken, any free one is used. */
export async function startTarget(port: number): Promise<Target> {
  let flakyCalls = 0;
  const server = createServer((request, response) => {
    request.resume();
    if (request.url === '/flaky') {
      flakyCalls += 1;
      if (flakyCalls > rejections) return answer(response, 200, { answer: 42, calls: flakyCalls });
      return answer(response, 503, { error: 'busy, come back in a second' }, { 'Retry-After': '1' });
    }
    // If the client has disconnected in the meantime, the answer is dropped, which does no harm.
    void sleep(thinkingMs).then(() => answer(response, 200, { city: 'Seattle', forecast: 'rain, then sun' }));
  });
  const listening = async (port: number): Promise<void> => {
    server.listen(port, host);
    await once(server, 'listening');
  };
  try {
    await listening(port);
  } catch (error) {
    if (!isErrno(error, 'EADDRINUSE') && !isErrno(error, 'EACCES')) throw error;
    await listening(0);
  }
  const hostAndPort = `${host}:${(server.address() as AddressInfo).port}`;
  return {
    hostAndPort,
    forecastUrl: `http://${hostAndPort}/forecast`,
    flakyUrl: `http://${hostAndPort}/flaky`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
}
