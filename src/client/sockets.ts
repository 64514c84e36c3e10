/** One WebSocket to the feed: what it has received and nobody has taken yet, and how it ended. */
import { Mailbox } from './mailbox.ts';
import type { FeedMessage } from './types.ts';

/** The part of the browsers' WebSocket that is used; that of the package `ws` has it too. */
export interface WebSocketLike {
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { code: number }) => void): void;
  addEventListener(type: 'open' | 'error', listener: () => void): void;
  close(): void;
  /** Of `ws` alone: browsers answer pings without telling. */
  on?(event: 'ping', listener: () => void): unknown;
  /** Of `ws` alone: closes without waiting for the other side. */
  terminate?(): void;
}
export type WebSocketConstructor = new (url: string) => WebSocketLike;

const lost = 1006;
/** So long the other side may take to answer that we leave. */
const farewellMs = 5000;

export class FeedSocket {
  readonly mailbox = new Mailbox<FeedMessage>();
  /** A refused upgrade looks like any other failure, but was never open. */
  opened = false;
  closedWith: number | undefined;
  /** It was given up for its silence. */
  abandoned = false;
  heardAt = Date.now();
  readonly #socket: WebSocketLike;
  #retired = false;

  constructor(WebSocket: WebSocketConstructor, url: string) {
    this.#socket = new WebSocket(url);
    this.#socket.addEventListener('open', () => {
      this.opened = true;
      this.#hear();
      this.mailbox.wake();
    });
    // Followed by 'close', which says what there is to know.
    this.#socket.addEventListener('error', () => undefined);
    this.#socket.addEventListener('message', ({ data }) => this.#receive(String(data)));
    this.#socket.addEventListener('close', ({ code }) => this.#end(code));
    this.#socket.on?.('ping', () => this.#hear());
  }

  /** It has been found out by other means that nothing was missed until now. */
  confirm(): void {
    this.#hear();
  }

  #hear(): void {
    this.heardAt = Date.now();
  }

  #end(code: number): void {
    this.closedWith ??= code;
    this.mailbox.wake();
  }

  #receive(text: string): void {
    let message: FeedMessage;
    try {
      message = JSON.parse(text) as FeedMessage;
    } catch {
      // Whoever that is, it is not Taskbell.
      this.#drop();
      return;
    }
    this.#hear();
    const isEnd = message.type === 'task' && message.finished_at !== null;
    if (message.type === 'notice') this.mailbox.put('notice', message, false);
    else this.mailbox.put(message.id, message, isEnd);
  }

  /** The other side seems to be gone, though nobody has said so. */
  abandon(): void {
    if (this.closedWith !== undefined) return;
    this.abandoned = true;
    this.#drop();
  }

  /** Not closed in order: that would wait for an answer. */
  #drop(): void {
    this.#end(lost);
    if (this.#socket.terminate) this.#socket.terminate();
    else this.#socket.close();
  }

  close(): void {
    this.#socket.close();
  }

  /**
   * Closed in order, for one that is silent: an answer says that it was alive, and that all was told until now. Without
   * one it is given up.
   */
  retire(): void {
    this.#retired = true;
    this.#socket.close();
    const waiting = setTimeout(() => this.abandon(), farewellMs);
    this.#socket.addEventListener('close', () => clearTimeout(waiting));
  }

  /** Whether it has been closed by {@link FeedSocket.retire}, and the other side has agreed. */
  get retiredWell(): boolean {
    return this.#retired && !this.abandoned && this.closedWith !== lost;
  }
}
