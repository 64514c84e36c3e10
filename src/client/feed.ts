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
  /** Asks by HTTP: is there something to be seen, and is it what was told last? @throws TaskbellError if there is not. */
  readonly isUpToDate: () => Promise<boolean>;
}

const reconnectMs = { least: 500, most: 30_000 };
/** A connection that has died in silence looks like that of a task that sleeps. */
const quietMs = 60_000;
const goneCode = 4404;

export async function* feed(source: FeedSource, options: FeedOptions): AsyncGenerator<FeedMessage> {
  const { signal, onNotice } = options;
  for (let failures = 0; ; failures += 1) {
    try {
      const socket = await connect(source, signal);
      for await (const message of messagesOf(socket, source, options)) {
        failures = 0;
        yield message;
      }
      if (socket.closedWith === goneCode) return;
      if (!socket.opened) await source.isUpToDate();
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
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
  { signal, onNotice }: FeedOptions,
): AsyncGenerator<FeedMessage> {
  const onAbort = (): void => socket.mailbox.wake();
  signal?.addEventListener('abort', onAbort);
  const watchdog = setInterval(() => void abandonIfDead(socket, isUpToDate), quietMs / 2);
  try {
    for (let first = true; ;) {
      await socket.mailbox.changed();
      for (let message = socket.mailbox.take(); message; message = socket.mailbox.take()) {
        signal?.throwIfAborted();
        if (first) onNotice?.({ notice: 'connected', detail: 'The connection is open.' });
        first = false;
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
