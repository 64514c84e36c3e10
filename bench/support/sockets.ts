/** Many sockets at once, without the bookkeeping of the tests' feeds. */
import { WebSocket } from 'ws';
import { mapConcurrently } from '../../src/lib/limiter.ts';

const opensAtOnce = 50;

export interface Crowd {
  /** Called with each message, and the number of its socket. */
  onMessage: (socket: number, data: Buffer) => void;
  close(): void;
}

/** Opens a socket for each path, and waits until each has received its first message. */
export async function openCrowd(url: string, token: string, paths: readonly string[]): Promise<Crowd> {
  const crowd: Crowd = {
    onMessage: () => undefined,
    close: () => {
      for (const socket of sockets) socket.terminate();
    },
  };
  const origin = url.replace(/^http/, 'ws');
  const sockets: WebSocket[] = [];
  const headers = { Authorization: `Bearer ${token}` };
  const open = (path: string, index: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`${origin}${path}`, { headers, perMessageDeflate: false });
      sockets.push(socket);
      socket.on('error', reject);
      socket.once('close', () => reject(new Error(`A socket on ${path} was closed`)));
      socket.once('message', () => {
        socket.on('message', (data: Buffer) => crowd.onMessage(index, data));
        resolve();
      });
    });
  const numbered = paths.map((path, index) => ({ path, index }));
  try {
    await mapConcurrently(numbered, opensAtOnce, ({ path, index }) => open(path, index));
  } catch (error) {
    crowd.close();
    throw error;
  }
  return crowd;
}
