import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * Gives a request that asks for another protocol back to its server, as an ordinary request: a server may ignore
 * `Upgrade`, and clients such as Java's offer `h2c` with every request. Only for releases of Node.js without
 * `shouldUpgradeCallback`, which take any offer for accepted and stop to parse the connection.
 */
export function ignoreUpgrade(
  server: Server,
  request: IncomingMessage,
  socket: Duplex,
  unread: Buffer,
): void {
  const { method, url, httpVersion } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`, ...headerLines(request.rawHeaders)];
  // Node.js has read the headers as latin1.
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), unread]));
  server.emit('connection', socket);
}

/** Returns the lines of all headers except the offer of a protocol, which would come back here. */
function headerLines(rawHeaders: readonly string[]): string[] {
  const lines: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = rawHeaders.slice(i, i + 2);
    if (name.toLowerCase() !== 'upgrade') lines.push(`${name}: ${value}`);
  }
  return lines;
}
