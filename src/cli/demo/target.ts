import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isErrno } from '../../engine/processes.ts';

const host = '127.0.0.1';
/** Long enough to be seen RUNNING: a shorter attempt may well be over before anybody looks. */
const thinkingMs = 1500;
const refusals = 2;
const usualPort = 8765;

/** The server that the demo's HTTP tasks call; serving → closed, by `close()`. */
export interface Target {
  /** As TASKBELL_HTTP_ALLOW_HOSTS names it. */
  readonly hostAndPort: string;
  /** Answers 200 and a little JSON, after a moment's thought. */
  readonly forecastUrl: string;
  /** Answers 503 with Retry-After twice, then 200. */
  readonly flakyUrl: string;
  close(): Promise<void>;
}

/**
 * Where a running service may let the demo's HTTP tasks through: what it allows, as far as this environment is its own
 * too; else a port that is always the same, so that it can be allowed beforehand.
 */
export function targetFor(allowHosts: readonly string[]): { hostAndPort: string; port: number } {
  const hostAndPort = allowHosts.find((entry) => entry.startsWith(`${host}:`)) ?? `${host}:${usualPort}`;
  return { hostAndPort, port: Number(hostAndPort.slice(host.length + 1)) };
}

/** @param port where it would best be; any free one if that is taken. */
export async function startTarget(port: number): Promise<Target> {
  let flakyCalls = 0;
  const server = createServer((request, response) => {
    request.resume();
    if (request.url === '/flaky') {
      flakyCalls += 1;
      if (flakyCalls > refusals) return answer(response, 200, { answer: 42, calls: flakyCalls });
      return answer(response, 503, { error: 'busy, come back in a second' }, { 'Retry-After': '1' });
    }
    // A client that has gone away meanwhile does no harm: the answer is dropped.
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
