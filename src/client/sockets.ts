/** One WebSocket to the feed: what it has received and nobody has taken yet, and how it ended. */
import { Mailbox } from './mailbox.ts';
import type { FeedMessage } from './types.ts';

/** The part of the browsers' WebSocket that is used; that of the package `ws` has it too. */
export interface WebSocketLike {
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { code: number }) => void): void;
  addEventListener(type: 'open' | 'error', listener: () => void): void;
  close(): void;
}
export type WebSocketConstructor = new (url: string) => WebSocketLike;

export class FeedSocket {
  readonly mailbox = new Mailbox<FeedMessage>();
  /** A refused upgrade looks like any other failure, but was never open. */
  opened = false;
  closedWith: number | undefined;
  /** It was given up for its silence. */
  abandoned = false;
  heardAt = Date.now();
  readonly #socket: WebSocketLike;

  constructor(WebSocket: WebSocketConstructor, url: string) {
    this.#socket = new WebSocket(url);
    this.#socket.addEventListener('open', () => {
      this.opened = true;
    });
    // Followed by 'close', which says what there is to know.
    this.#socket.addEventListener('error', () => undefined);
    this.#socket.addEventListener('message', ({ data }) =>
      this.#receive(JSON.parse(String(data)) as FeedMessage),
    );
    this.#socket.addEventListener('close', ({ code }) => {
      this.closedWith ??= code;
      this.mailbox.wake();
    });
  }

  #receive(message: FeedMessage): void {
    this.heardAt = Date.now();
    const isEnd = message.type === 'task' && message.finished_at !== null;
    if (message.type === 'notice') this.mailbox.put('notice', message, false);
    else this.mailbox.put(message.id, message, isEnd);
  }

  /** The other side is gone, though nobody has said so: a close would wait for its answer. */
  abandon(): void {
    this.abandoned = true;
    this.closedWith ??= 1006;
    this.mailbox.wake();
    this.#socket.close();
  }

  close(): void {
    this.#socket.close();
  }
}
