/**
 * Changes to all tasks that the viewer may see, over one WebSocket for the whole app.
 *
 * connecting → open ⇄ lost; closed when the viewer signs out. Events within one frame are delivered together, so
 * that a burst of changes costs one rendering.
 */
import { batch, type ReadonlySignal, signal } from '@preact/signals';
import { type Client, type Notice, TaskbellError, type TaskEvent } from '../client/index.ts';
import { createBursts } from './bursts.ts';
import { isUnauthenticated } from './session-fetch.ts';
import { type Connection, watchForReturn } from './watch-for-return.ts';

export interface Live {
  readonly connection: ReadonlySignal<Connection>;
  /** Whether the service can reach Temporal. */
  readonly temporal: ReadonlySignal<'reachable' | 'unreachable'>;
  /** Number of restored connections. Lists are read again after each one, since a gap may hide deletions. */
  readonly returns: ReadonlySignal<number>;
  /** @returns a function that removes the listener. */
  listen(listener: (event: TaskEvent) => void): () => void;
  /** Reconnects at once, without waiting for the next try. */
  reconnect(): void;
  close(): void;
}

export interface LiveOptions {
  readonly tasks: Pick<Client['tasks'], 'watchAll'>;
  /**
   * Called when the service rejects the feed with 403. Closes the connection if another session has replaced
   * it.
   */
  readonly onForbidden: () => void;
  /** Returns whether the service answers at all. Never throws. */
  readonly isThere: (signal: AbortSignal) => Promise<boolean>;
}

const againMs = 5000;

export function createLive({ tasks, onForbidden, isThere }: LiveOptions): Live {
  const connection = signal<Connection>('connecting');
  const temporal = signal<'reachable' | 'unreachable'>('reachable');
  const returns = signal(0);
  const listeners = new Set<(event: TaskEvent) => void>();
  const { push, flush } = createBursts<TaskEvent>(idOf, (events) => {
    batch(() => {
      for (const event of events) for (const listener of listeners) listener(event);
    });
  });
  let feed = new AbortController();
  let isClosed = false;

  function onNotice({ notice }: Notice): void {
    batch(() => {
      if (notice === 'connected') {
        // Also counts a connection that still seemed open and has been replaced.
        if (connection.peek() !== 'connecting') returns.value += 1;
        connection.value = 'open';
      }
      if (notice === 'disconnected') connection.value = 'lost';
      if (notice === 'unreachable') temporal.value = 'unreachable';
      if (notice === 'resumed' || notice === 'connected') temporal.value = 'reachable';
    });
  }

  async function watch(signal: AbortSignal): Promise<void> {
    try {
      for await (const event of tasks.watchAll({}, { signal, onNotice })) push(event);
    } catch (error) {
      if (signal.aborted) return;
      connection.value = 'lost';
      // The 403 may be about the previous session: in that case, this feed is retried below.
      if (error instanceof TaskbellError && error.status === 403) onForbidden();
      // Any other error is unexpected, so log it; the page keeps working.
      else if (!isUnauthenticated(error)) console.error(error);
      setTimeout(() => {
        if (!signal.aborted) void watch(signal);
      }, againMs);
    }
  }

  function reconnect(): void {
    if (isClosed) return;
    feed.abort();
    feed = new AbortController();
    void watch(feed.signal);
  }
  void watch(feed.signal);
  const online = (): void => {
    if (connection.peek() === 'lost') reconnect();
  };
  globalThis.addEventListener('online', online);
  const stopLooking = watchForReturn({ connection, isThere, reconnect });

  return {
    connection,
    temporal,
    returns,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    reconnect,
    close() {
      isClosed = true;
      globalThis.removeEventListener('online', online);
      stopLooking();
      feed.abort();
      flush();
      listeners.clear();
    },
  };
}

function idOf(event: TaskEvent): string {
  return event.type === 'task' ? event.task.id : event.id;
}
