/**
 * The messages of a WebSocket that is opened again whenever it is lost.
 *
 * connecting (a ticket, then the socket) → open → lost → waiting → connecting …; over when the reader leaves, its signal
 * is aborted, the task is gone, or it turns out that there is nothing to be seen. Every connection begins with the state
 * of things, so nothing is missed but what was passed over meanwhile.
 */
import { backoffMs, pause } from './backoff.ts';
import { TaskbellError } from './errors.ts';
import { FeedSocket, type WebSocketConstructor } from './sockets.ts';
import type { Send } from './transport.ts';
import type { FeedMessage } from './types.ts';

/** What is told of the feed itself: by the service, or by the client of its connection. */
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
   * Asks by HTTP: is there something to be seen, and is it for certain what was told last? Otherwise a connection that has
   * been quiet for a minute is taken for dead. @throws TaskbellError if there is nothing to be seen.
   */
  readonly isUpToDate: () => Promise<boolean>;
}

const reconnectMs = { least: 500, most: 30_000 };
/** A connection that has died in silence looks like that of a task that sleeps. */
const quietMs = 60_000;
const goneCode = 4404;

export async function* feed(source: FeedSource, options: FeedOptions): AsyncGenerator<FeedMessage> {
  const { signal, onNotice } = options;
  let isKnown = false;
  let isConnected = false;
  const connected = (): void => {
    isKnown = true;
    if (!isConnected) onNotice?.({ notice: 'connected', detail: 'The connection is open.' });
    isConnected = true;
  };
  for (let failures = 0; ; failures += 1) {
    try {
      const socket = await connect(source, signal);
      for await (const message of messagesOf(socket, source, signal)) {
        failures = 0;
        connected();
        yield message;
      }
      // It may have been well: nobody need be told that it is opened anew.
      if (socket.abandoned) continue;
      if (socket.closedWith === goneCode) return;
      if (!socket.opened) await source.isUpToDate();
    } catch (error) {
      // It was there: somebody has deleted it while the connection was lost.
      if (isKnown && error instanceof TaskbellError && error.status === 404) return;
      if (!isPassing(error)) throw error;
    }
    isConnected = false;
    onNotice?.({ notice: 'disconnected', detail: 'The connection was lost; it is opened again.' });
    await pause(backoffMs(failures, reconnectMs), signal);
  }
}

async function connect(
  { send, WebSocket, url, path }: FeedSource,
  signal?: AbortSignal,
): Promise<FeedSocket> {
  const { body } = await send<{ ticket: string }>('POST', '/api/ws-ticket/', { signal, repeatable: true });
  const address = new URL(url.replace(/^http/, 'ws').replace(/\/+$/, '') + path);
  address.searchParams.set('ticket', body.ticket);
  return new FeedSocket(WebSocket, address.href);
}

async function* messagesOf(
  socket: FeedSocket,
  { isUpToDate }: FeedSource,
  signal: AbortSignal | undefined,
): AsyncGenerator<FeedMessage> {
  const onAbort = (): void => socket.mailbox.wake();
  signal?.addEventListener('abort', onAbort);
  const watchdog = setInterval(() => void abandonIfDead(socket, isUpToDate), quietMs / 2);
  try {
    for (;;) {
      await socket.mailbox.changed();
      for (let message = socket.mailbox.take(); message; message = socket.mailbox.take()) {
        signal?.throwIfAborted();
        yield message;
      }
      signal?.throwIfAborted();
      if (socket.closedWith !== undefined) return;
    }
  } finally {
    clearInterval(watchdog);
    signal?.removeEventListener('abort', onAbort);
    socket.close();
  }
}

async function abandonIfDead(socket: FeedSocket, isUpToDate: () => Promise<boolean>): Promise<void> {
  if (Date.now() - socket.heardAt < quietMs) return;
  const isAlive = await isUpToDate().catch(() => false);
  if (!isAlive) socket.abandon();
  // Not asked again at once.
  else socket.heardAt = Date.now();
}

/** Whether it makes sense to try again. */
function isPassing(error: unknown): boolean {
  return (
    error instanceof TaskbellError && (error.status === 0 || error.status === 429 || error.status >= 500)
  );
}
