import { LatestByKey } from '../lib/latest-by-key.ts';

/** Unsent data above which messages are held, and only the latest is kept for each key; in bytes. */
const holdBytes = 64 * 1024;
/** Unsent data, in bytes, or time without progress, above which the client is asked to reconnect later. */
const maxBytes = 1024 * 1024;
const stuckMs = 30_000;

export const tryAgainLater = 1013;

/** The part of a WebSocket that an outbox uses. */
export interface OutgoingSocket {
  readonly OPEN: number;
  readonly readyState: number;
  /** Number of bytes that have not been sent to the client yet. */
  readonly bufferedAmount: number;
  send(text: string, written: () => void): void;
  close(code: number, reason: string): void;
}

/**
 * Sends to one socket no faster than its client reads. A message replaces a waiting one with the same key; different
 * keys wait in the order of their latest messages.
 */
export interface Outbox {
  /** @param key messages with the same key replace each other while they wait. */
  send(text: string, key: string): void;
  /** Closes a socket whose client has stopped reading. @param now by `performance.now`. */
  check(now: number): void;
}

/** @param onReplaced called when a message that waits is replaced by a newer one, so that its client never gets it. */
export function createOutbox(socket: OutgoingSocket, onReplaced: () => void = () => undefined): Outbox {
  const held = new LatestByKey<string>();
  let stuckSince: number | undefined;

  function transmit(text: string): void {
    socket.send(text, flush);
    if (socket.bufferedAmount > maxBytes) giveUp();
  }

  /** Called when a message has been sent: the client reads, however slowly. */
  function flush(): void {
    stuckSince = undefined;
    while (held.size > 0) {
      if (socket.readyState !== socket.OPEN) return;
      if (socket.bufferedAmount > holdBytes) {
        stuckSince = performance.now();
        return;
      }
      const text = held.take();
      if (text !== undefined) transmit(text);
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
      stuckSince ??= performance.now();
      if (held.put(key, text)) onReplaced();
    },
    check(now) {
      if (stuckSince !== undefined && now - stuckSince > stuckMs) giveUp();
    },
  };
}
