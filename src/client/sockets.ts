/** One WebSocket to the feed: the messages that it has received and that are not taken yet, and how it ended. */
import { type pingMessage, pingProtocol } from '../contract/ping.ts';
import { Mailbox } from './mailbox.ts';
import type { FeedMessage } from './types.ts';

/** The part of the browsers' WebSocket that the client uses. The one of the package `ws` has it too. */
export interface WebSocketLike {
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { code: number }) => void): void;
  addEventListener(type: 'open' | 'error', listener: () => void): void;
  close(): void;
  /** Only in `ws`: browsers answer pings without an event. */
  on?(event: 'ping', listener: () => void): unknown;
  /** Only in `ws`: closes without waiting for the peer. */
  terminate?(): void;
}
export type WebSocketConstructor = new (url: string, protocol: string) => WebSocketLike;

const lost = 1006;
/** Maximum time for the peer to answer a close, in milliseconds. */
const farewellMs = 5000;

export class FeedSocket {
  readonly mailbox = new Mailbox<FeedMessage>();
  /** Whether the socket has ever been open. A rejected upgrade looks like any other failure, but was never open. */
  opened = false;
  closedWith: number | undefined;
  /** Whether the socket was given up because of its silence. */
  abandoned = false;
  /** Whether the service sends pings as messages: one before this feature does not. */
  hasPings = false;
  heardAt = Date.now();
  #heardAtMark = performance.now();
  readonly #socket: WebSocketLike;
  #retired = false;

  constructor(WebSocket: WebSocketConstructor, url: string) {
    this.#socket = new WebSocket(url, pingProtocol);
    this.#socket.addEventListener('open', () => {
      this.opened = true;
      this.#hear();
      this.mailbox.wake();
    });
    // Followed by 'close', which has all there is to know.
    this.#socket.addEventListener('error', () => undefined);
    this.#socket.addEventListener('message', ({ data }) => this.#receive(String(data)));
    this.#socket.addEventListener('close', ({ code }) => this.#end(code));
    this.#socket.on?.('ping', () => this.#hear());
  }

  /** Records that a check by other means has found nothing missed until now. */
  confirm(): void {
    this.#hear();
  }

  #hear(): void {
    this.heardAt = Date.now();
    this.#heardAtMark = performance.now();
  }

  /**
   * Time without a message or ping, in milliseconds. The clock may be set, and the other one may stand still while the
   * computer sleeps.
   */
  get silentMs(): number {
    return Math.max(Date.now() - this.heardAt, performance.now() - this.#heardAtMark);
  }

  #end(code: number): void {
    this.closedWith ??= code;
    this.mailbox.wake();
  }

  #receive(text: string): void {
    let message: FeedMessage | typeof pingMessage;
    try {
      message = JSON.parse(text) as FeedMessage | typeof pingMessage;
    } catch {
      // The peer is not Taskbell.
      this.#drop();
      return;
    }
    this.#hear();
    if (message.type === 'ping') {
      this.hasPings = true;
      return;
    }
    const isEnd = message.type === 'task' && message.finished_at !== null;
    if (message.type === 'notice') this.mailbox.put('notice', message, false);
    else this.mailbox.put(message.id, message, isEnd);
  }

  /** Gives up a socket whose peer seems dead, although it has not been closed. */
  abandon(): void {
    if (this.closedWith !== undefined) return;
    this.abandoned = true;
    this.#drop();
  }

  /** Ends the socket without a closing handshake, which would wait for an answer. */
  drop(): void {
    if (this.closedWith === undefined) this.#drop();
  }

  #drop(): void {
    this.#end(lost);
    if (this.#socket.terminate) this.#socket.terminate();
    else this.#socket.close();
  }

  close(): void {
    this.#socket.close();
  }

  /**
   * Closes a silent socket with a closing handshake. An answer shows that the peer was alive, and that everything was
   * reported until now. Without an answer, the socket is given up.
   */
  retire(): void {
    this.#retired = true;
    this.#socket.close();
    const waiting = setTimeout(() => this.abandon(), farewellMs);
    this.#socket.addEventListener('close', () => clearTimeout(waiting));
  }

  /** Whether the socket was closed by {@link FeedSocket.retire}, and the peer has answered. */
  get closedCleanly(): boolean {
    return this.#retired && !this.abandoned && this.closedWith !== lost;
  }
}
