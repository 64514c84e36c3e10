import type { Socket } from 'node:net';

/** Time after which the next address is tried as well, in milliseconds (RFC 8305, section 5). */
const nextAfterMs = 250;

/**
 * Connects to the first address that accepts. The next one is tried as soon as one fails, and after a while even
 * though one has not: that attempt continues, since a distant host can take seconds to accept. (Node's own
 * `autoSelectFamily` ends it.)
 * @param open starts to connect to an address
 * @throws the error of the address, or an AggregateError if there were several; the signal's reason once it has fired.
 */
export function firstConnected(
  addresses: readonly string[],
  open: (address: string) => Socket,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const waiting = [...addresses];
    const connecting = new Set<Socket>();
    const errors: Error[] = [];
    let timer: NodeJS.Timeout | undefined;

    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      for (const socket of connecting) socket.destroy();
    };
    const abort = (): void => {
      finish();
      reject(signal.reason as Error);
    };
    const next = (): void => {
      clearTimeout(timer);
      const address = waiting.shift();
      if (address === undefined) {
        if (connecting.size > 0) return;
        finish();
        reject(errors.length === 1 && errors[0] ? errors[0] : new AggregateError(errors));
        return;
      }
      const socket = open(address);
      connecting.add(socket);
      socket.once('connect', () => {
        connecting.delete(socket);
        finish();
        resolve(socket);
      });
      // Stays, so that no later error of a socket is uncaught.
      socket.on('error', (error) => {
        if (!connecting.delete(socket)) return;
        errors.push(error);
        next();
      });
      if (waiting.length > 0) timer = setTimeout(next, nextAfterMs);
    };

    signal.addEventListener('abort', abort, { once: true });
    next();
  });
}
