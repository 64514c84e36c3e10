/** Decides when to give up a connection that has not been closed. */
import { pingEveryMs } from '../contract/ping.ts';
import type { FeedSocket } from './sockets.ts';

export interface Timing {
  /** Maximum time for a connection to open, in milliseconds. */
  readonly openMs: number;
  /** Silence, in milliseconds, after which a connection is checked: a dead one looks like one without events. */
  readonly quietMs: number;
  /** Silence after which a connection with pings counts as dead, in milliseconds. */
  readonly pinglessMs: number;
}

/** Two pings are missing after ten seconds. */
const usual: Timing = { openMs: 15_000, quietMs: 60_000, pinglessMs: 2 * pingEveryMs };

/**
 * Abandons a socket that does not open, or that is silent although there is news. Drops one whose pings are missing.
 * @param isUpToDate returns whether nothing was missed. If undefined, this cannot be checked, and a silent socket is
 * retired.
 * @returns a function that stops the checks.
 */
export function checkLiveness(
  socket: FeedSocket,
  isUpToDate: (() => Promise<boolean>) | undefined,
  timing: Partial<Timing> = {},
): () => void {
  const { openMs, quietMs, pinglessMs } = { ...usual, ...timing };
  const opening = setTimeout(() => {
    if (!socket.opened) socket.abandon();
  }, openMs);
  const ask = async (): Promise<void> => {
    if (!socket.opened || socket.hasPings || socket.silentMs < quietMs) return;
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
  let missing = false;
  const listening = setInterval(() => {
    // Twice: a page that was busy may have pings that it has not received yet.
    if (missing && socket.silentMs >= pinglessMs) socket.drop();
    missing = socket.hasPings && socket.silentMs >= pinglessMs;
  }, pinglessMs / 5);
  return () => {
    clearTimeout(opening);
    clearInterval(asking);
    clearInterval(listening);
  };
}
