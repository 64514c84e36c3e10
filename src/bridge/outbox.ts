/** Past this much unsent, only the latest message is kept. */
const holdBytes = 64 * 1024;
/** Past this much, or after this long without progress, the client is told to come back later. */
const maxBytes = 1024 * 1024;
const stuckMs = 30_000;

export const tryAgainLater = 1013;

/** What an outbox needs of a WebSocket. */
export interface OutgoingSocket {
  readonly OPEN: number;
  readonly readyState: number;
  /** Bytes that have not left for the client yet. */
  readonly bufferedAmount: number;
  send(text: string, written: () => void): void;
  close(code: number, reason: string): void;
}

/**
 * Sends to one socket no faster than its client reads. A state replaces the one that still waits before it; notices
 * wait in their order.
 */
export interface Outbox {
  /** @param key messages with the same key replace each other while they wait. */
  send(text: string, key: string): void;
  /** Closes a socket whose client has stopped reading. */
  check(now: number): void;
}

export function createOutbox(socket: OutgoingSocket): Outbox {
  const held = new Map<string, string>();
  let stuckSince: number | undefined;

  function transmit(text: string): void {
    socket.send(text, flush);
    if (socket.bufferedAmount > maxBytes) giveUp();
  }

  /** Something has left for the client: however slowly, it reads. */
  function flush(): void {
    stuckSince = undefined;
    for (const [key, text] of held) {
      if (socket.readyState !== socket.OPEN) return;
      if (socket.bufferedAmount > holdBytes) {
        stuckSince = Date.now();
        return;
      }
      held.delete(key);
      transmit(text);
    }
  }

  function giveUp(): void {
    held.clear();
    socket.close(tryAgainLater, 'too slow');
  }

  return {
    send(text, key) {
      if (socket.readyState !== socket.OPEN) return;
      if (held.size === 0 && socket.bufferedAmount <= holdBytes) {
        transmit(text);
        return;
      }
      stuckSince ??= Date.now();
      // Re-inserted at the end: what is sent in the end is in the order in which it came.
      held.delete(key);
      held.set(key, text);
    },
    check(now) {
      if (stuckSince !== undefined && now - stuckSince > stuckMs) giveUp();
    },
  };
}
