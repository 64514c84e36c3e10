/** When a connection is given up though nobody has closed it. */
import type { FeedSocket } from './sockets.ts';

export interface Timing {
  /** So long a connection may take to open. */
  readonly openMs: number;
  /** A connection that has died in silence looks like one on which nothing happens: then it is time to ask. */
  readonly quietMs: number;
}

const usual: Timing = { openMs: 15_000, quietMs: 60_000 };

/**
 * Abandons a socket that does not open, or that is silent though there is something to be told.
 * @param isUpToDate whether nothing has been missed; undefined where nobody could say, so that a silent socket gives way
 * to another. @returns what ends it.
 */
export function watchOver(
  socket: FeedSocket,
  isUpToDate: (() => Promise<boolean>) | undefined,
  { openMs, quietMs }: Timing = usual,
): () => void {
  const opening = setTimeout(() => {
    if (!socket.opened) socket.abandon();
  }, openMs);
  const ask = async (): Promise<void> => {
    if (!socket.opened || Date.now() - socket.heardAt < quietMs) return;
    if (!isUpToDate) {
      clearInterval(asking);
      socket.retire();
      return;
    }
    const isAlive = await isUpToDate().catch(() => false);
    if (isAlive) socket.confirm();
    else socket.abandon();
  };
  const asking = setInterval(() => void ask(), quietMs / 2);
  return () => {
    clearTimeout(opening);
    clearInterval(asking);
  };
}
