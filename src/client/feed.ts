/**
 * The messages of a WebSocket that is reopened whenever it is lost.
 *
 * connecting (a ticket, then the socket) → open → lost → waiting → connecting …; over when the reader leaves, its signal
 * is aborted, the task is deleted, or the caller turns out to have nothing to see. Every connection starts with the
 * current state. Earlier changes that this state does not show are looked up.
 */
import { backoffMs, pause } from '../lib/wait.ts';
import { TaskbellError } from './errors.ts';
import type { Gap } from './gaps.ts';
import { type Timing, checkLiveness } from './liveness.ts';
import { FeedSocket, type WebSocketConstructor } from './sockets.ts';
import type { Send } from './send.ts';
import type { FeedMessage } from './types.ts';

/**
 * A notice about the feed itself, from the service, or from the client about its connection. 'connected' is
 * sent for every connection that may follow a gap; twice in a row if the previous connection died without
 * being closed.
 */
export interface Notice {
  readonly notice: 'unreachable' | 'resumed' | 'draining' | 'connected' | 'disconnected';
  readonly detail: string;
}

export interface FeedOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onNotice?: ((notice: Notice) => void) | undefined;
}

export interface FeedSource {
  readonly send: Send;
  readonly WebSocket: WebSocketConstructor;
  /** Address of the service. */
  readonly url: string;
  /** Path of the feed, with its parameters. */
  readonly path: string;
  /**
   * Checks over HTTP that the feed still has something to show, and that all of it has been reported.
   * @throws TaskbellError if there is nothing to see.
   */
  readonly isUpToDate: (gap: Gap) => Promise<boolean>;
  /** Whether that check covers everything the feed reports. If not, a silent connection is replaced by another. */
  readonly checkCoversAll: boolean;
  /** Looks up the changes since the previous connection that the new one does not report. */
  readonly missed?: (gap: Gap) => AsyncIterable<FeedMessage>;
  readonly timing?: Partial<Timing>;
}

const reconnectMs = { min: 500, max: 30_000 };
/** Time after which a connection is no longer part of a series of failures, in milliseconds. */
const stableMs = 10_000;
/** Margin for lists that lag, and for the `Date` header's whole seconds; in milliseconds. */
const marginMs = 5000;
const listLagMs = 3000;
const deletedCode = 4404;

export async function* feed(source: FeedSource, options: FeedOptions): AsyncGenerator<FeedMessage> {
  const { signal, onNotice } = options;
  /** Time until which everything was reported, by the service's clock. Undefined before the first connection. */
  let since: number | undefined;
  let isKnown = false;
  let isConnected = false;
  const connected = (): void => {
    if (!isConnected) onNotice?.({ notice: 'connected', detail: 'The connection is open.' });
    [isKnown, isConnected] = [true, true];
  };
  for (let failures = 0; ; failures += 1) {
    try {
      const { socket, skewMs } = await connect(source, signal);
      const gap = (): Gap => ({ since: reportedUntil(socket, skewMs), signal });
      const isUpToDate = () => source.isUpToDate(gap());
      const leave = checkLiveness(socket, source.checkCoversAll ? isUpToDate : undefined, source.timing);
      const connectedAt = performance.now();
      try {
        for await (const message of messagesOf(socket, connected, { since, signal }, source)) {
          failures = 0;
          yield message;
        }
      } finally {
        leave();
      }
      if (socket.closedWith === deletedCode) return;
      if (performance.now() - connectedAt > stableMs) failures = 0;
      if (socket.opened) since = gap().since;
      else await isUpToDate();
      if (socket.closedCleanly) {
        failures = -1;
        continue;
      }
      if (socket.opened && socket.abandoned) {
        // Reconnect at once, and report the gap: changes during the silence may not show in any list.
        isConnected = false;
        continue;
      }
    } catch (error) {
      // The task existed before, so it was deleted while the connection was lost.
      if (isKnown && error instanceof TaskbellError && error.status === 404) return;
      if (!isPassing(error)) throw error;
    }
    isConnected = false;
    onNotice?.({ notice: 'disconnected', detail: 'The connection was lost; reconnecting.' });
    await pause(backoffMs(failures, reconnectMs), signal);
    signal?.throwIfAborted();
  }
}

async function connect({ send, WebSocket, url, path }: FeedSource, signal: AbortSignal | undefined) {
  const ticket = await send<{ ticket: string }>('POST', '/api/ws-ticket/', { signal, repeatable: true });
  const address = new URL(url.replace(/^http/, 'ws').replace(/\/+$/, '') + path);
  address.searchParams.set('ticket', ticket.body.ticket);
  const serverTime = Date.parse(ticket.headers.get('Date') ?? '');
  // Pages of other origins cannot read the header: their clocks have to be right.
  const skewMs = Number.isNaN(serverTime) ? 0 : serverTime - Date.now();
  return { socket: new FeedSocket(WebSocket, address.href), skewMs };
}

function reportedUntil(socket: FeedSocket, skewMs: number): number {
  return socket.heardAt + skewMs - marginMs;
}

async function* messagesOf(
  socket: FeedSocket,
  connected: () => void,
  { since, signal }: { since: number | undefined; signal: AbortSignal | undefined },
  { missed }: FeedSource,
): AsyncGenerator<FeedMessage> {
  const { mailbox } = socket;
  const wake = (): void => mailbox.wake();
  signal?.addEventListener('abort', wake);
  let looksUp = true;
  // Looks up once more, since lists lag.
  const again = setTimeout(() => {
    looksUp = true;
    wake();
  }, listLagMs);
  try {
    while (socket.closedWith === undefined || mailbox.size > 0) {
      signal?.throwIfAborted();
      if (socket.opened) connected();
      if (socket.opened && looksUp) {
        looksUp = false;
        if (missed && since !== undefined) yield* missed({ since, signal });
      }
      const message = mailbox.take();
      if (message) yield message;
      else await mailbox.changed();
    }
  } finally {
    clearTimeout(again);
    signal?.removeEventListener('abort', wake);
    socket.close();
  }
}

/** Returns whether a retry makes sense. */
function isPassing(error: unknown): boolean {
  return (
    error instanceof TaskbellError && (error.status === 0 || error.status === 429 || error.status >= 500)
  );
}
