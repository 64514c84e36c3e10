import { once } from 'node:events';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { withTimeLimit } from '../../src/lib/time-limit.ts';
import { unlessAborted } from '../../src/lib/wait.ts';
import { addressesOf, bareHostname } from './addresses.ts';
import { firstConnected } from './first-connected.ts';
import { portOf } from './port.ts';

export interface ConnectOptions {
  /** Whether addresses other than public ones may be called. */
  readonly allowsPrivate: boolean;
  /** Maximum time for the name, the connection and TLS together, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Connects to the host of a URL, with TLS for https. The address it dials is the one that was checked: a name is
 * resolved once, so that it cannot resolve to something else a moment later (DNS rebinding).
 * @returns the socket, which the caller destroys. Its errors are also its reader's.
 * @throws AddressNotAllowed, NoPublicAddress, or the connection's error.
 */
export function connect(url: URL, { allowsPrivate, timeoutMs, signal }: ConnectOptions): Promise<Socket> {
  const message = `no connection within ${timeoutMs / 1000} s`;
  return withTimeLimit({ limitMs: timeoutMs, message, signal }, async (signal) => {
    const addresses = await unlessAborted(addressesOf(url, allowsPrivate), signal);
    const port = Number(portOf(url));
    const open = (host: string): Socket => connectTcp({ host, port, noDelay: true });
    const socket = await firstConnected(addresses, open, signal);
    return url.protocol === 'https:' ? secured(socket, bareHostname(url), signal) : socket;
  });
}

async function secured(socket: Socket, host: string, signal: AbortSignal): Promise<Socket> {
  // A server name is a name: an address is compared with the certificate, but not sent.
  const serverName = isIP(host) === 0 ? { servername: host } : {};
  const secure = connectTls({ socket, host, ...serverName, ALPNProtocols: ['http/1.1'] });
  // Stays, so that no later error is uncaught: its reader notices that the socket is closed.
  secure.on('error', () => undefined);
  try {
    await once(secure, 'secureConnect', { signal });
  } catch (error) {
    secure.destroy();
    socket.destroy();
    signal.throwIfAborted();
    throw error;
  }
  return secure;
}
