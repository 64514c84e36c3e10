import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';

/** A server that answers each connection with bytes of a test's own, right or wrong. */
export interface ReplyServer {
  /** Its host:port. */
  readonly host: string;
  /** The requests that have arrived, each up to the time of the answer. */
  readonly requests: string[];
  close(): Promise<void>;
}

/**
 * Starts a server that sends a reply to a request, and then closes the connection.
 * @param reply the bytes, by the path of the request
 */
export async function startReplyServer(reply: (path: string) => Buffer): Promise<ReplyServer> {
  const requests: string[] = [];
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (chunk) => {
      const request = chunk.toString();
      requests.push(request);
      socket.end(reply(request.split(' ')[1] ?? ''));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async (): Promise<void> => {
    server.close();
    await once(server, 'close');
  };
  return { host, requests, close };
}

/** Returns the bytes of a text that has a Latin-1 character for each. */
export function bytesOf(latin1: string): Buffer {
  return Buffer.from(latin1, 'latin1');
}
