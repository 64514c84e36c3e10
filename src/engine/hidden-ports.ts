import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { SetupError } from '../lib/setup-error.ts';
import { isErrno } from '../lib/errno.ts';

/**
 * Ports that every browser refuses to connect to, whatever the page and the protocol: the "bad ports" of the Fetch
 * standard (https://fetch.spec.whatwg.org/#port-blocking) that need no privileges. Left out are those of NFS and X11,
 * which a machine may use, and two that Chromium allows (4190, 6679).
 */
export const blockedPorts = [
  1719, 1720, 1723, 3659, 4045, 5060, 5061, 6566, 6665, 6666, 6667, 6668, 6669, 6697, 10_080,
] as const;

/** Address of a server that no web page can reach, because browsers refuse its port. */
export interface HiddenPlace {
  readonly host: string;
  readonly port: number;
}

/**
 * Returns a free place on loopback that browsers refuse to connect to, chosen at random, since others may choose at the
 * same time.
 * @throws {SetupError} when all such ports are in use.
 */
export async function chooseHiddenPlace(host: string): Promise<HiddenPlace> {
  const left: number[] = [...blockedPorts];
  while (left.length > 0) {
    const [port = 0] = left.splice(randomInt(left.length), 1);
    if (await isFree(host, port)) return { host, port };
  }
  throw new SetupError(
    `The Temporal server needs a port that web pages can't reach, and ${blockedPorts.join(', ')} are all in use on ` +
      `${host}. Stop what uses one of them.`,
  );
}

/**
 * Returns a random loopback address, so that servers on few ports don't collide. Systems other than Linux have only
 * 127.0.0.1.
 */
export async function randomLoopback(): Promise<string> {
  const host = `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
  return (await isFree(host, 0)) ? host : '127.0.0.1';
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  server.listen({ host, port, exclusive: true });
  try {
    await once(server, 'listening');
  } catch (error) {
    const codes = ['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES'];
    if (codes.some((code) => isErrno(error, code))) return false;
    throw error;
  }
  await new Promise((resolve) => server.close(resolve));
  return true;
}
