/**
 * The feed of one task for Server-Sent Events. A stream ends when its client leaves, its token ends, its task is
 * deleted, or the service restarts. Clients of this kind reconnect by themselves.
 *
 * open → ended (by its reader, or by `closeInvalid` or `close`). Created by the API process, which closes it.
 */
import type { Principal } from '../auth/principal.ts';
import { AppError } from '../contract/errors.ts';
import type { Actor } from '../resources/actor.ts';
import { LatestByKey } from '../lib/latest-by-key.ts';
import type { Observation } from '../tasks/feed.ts';
import { atExpiry } from './expiry.ts';
import type { FeedLimit } from './feed-limit.ts';
import type { Hub } from './hub.ts';
import { noticeKey, type OutgoingMessage } from './message.ts';
import { noTelemetry, type Telemetry } from '../metrics/telemetry.ts';

export interface StreamsOptions {
  readonly hub: Hub;
  readonly observeAs: (actor: Actor, id: string) => Promise<Observation>;
  /** Returns whether the principal's credential is still valid: it may have ended while the stream was opening. */
  readonly isCredentialValid: (principal: Principal) => boolean;
  readonly limit: FeedLimit;
  readonly telemetry?: Telemetry;
}

/** Why a stream has ended. The codes are those of the sockets. */
export interface StreamEnd {
  readonly code: 1012 | 4401 | 4404;
  readonly reason: string;
}

export interface TaskStream {
  /**
   * Returns the next message as JSON, or the stream's end. A newer state replaces an unread one that is not
   * an end.
   */
  next(): Promise<string | StreamEnd>;
  /** Ends the stream on behalf of its reader. `next` then returns an end with this reason. */
  end(reason: string): void;
  /** Calls `listener` once the stream has ended, even if its reader has not read everything. */
  onEnd(listener: () => void): void;
}

export interface Streams {
  /** @throws AppError not_found if the principal may not see the task, too_many_requests beyond the limit. */
  open(principal: Principal, id: string): Promise<TaskStream>;
  /** Ends the streams of principals whose credentials are no longer valid. */
  closeInvalid(): void;
  close(): void;
}

export function createStreams(options: StreamsOptions): Streams {
  const { hub, observeAs, isCredentialValid, limit, telemetry = noTelemetry } = options;
  const open = new Map<Latest, Principal>();
  const stopGauge = telemetry.gauge('taskbell_sockets', () => [
    { labels: { kind: 'events' }, value: open.size },
  ]);
  let closing = false;

  function finish(stream: Latest, end: StreamEnd): void {
    if (open.delete(stream)) stream.finish(end);
  }

  function closeIfInvalid(stream: Latest, principal: Principal): void {
    if (!isCredentialValid(principal)) finish(stream, { code: 4401, reason: 'signed out' });
  }

  return {
    async open(principal, id) {
      const release = limit.take(principal.id);
      const first = await observeAs(principal, id).catch((error: unknown) => {
        release();
        throw error;
      });
      if (closing) {
        release();
        throw new AppError('temporal_unavailable', 'The service is restarting.', { retryAfterSeconds: 1 });
      }
      const stream = new Latest();
      const unwatch = hub.watch(first, {
        send: (message) => stream.put(message),
        deleted: () => finish(stream, { code: 4404, reason: 'task deleted' }),
      });
      const expired: StreamEnd = { code: 4401, reason: 'token expired' };
      const clearExpiry = atExpiry(principal, () => finish(stream, expired));
      open.set(stream, principal);
      stream.onEnd(() => {
        release();
        clearExpiry();
        unwatch();
      });
      closeIfInvalid(stream, principal);
      return {
        next: () => stream.next(),
        end: (reason) => finish(stream, { code: 1012, reason }),
        onEnd: (listener) => stream.onEnd(listener),
      };
    },

    closeInvalid() {
      for (const [stream, principal] of open) closeIfInvalid(stream, principal);
    },

    close() {
      stopGauge();
      closing = true;
      for (const stream of open.keys()) finish(stream, { code: 1012, reason: 'restarting' });
    },
  };
}

/** Holds what has not been read: the latest state of the task, ends of runs, and notices, in order. */
class Latest {
  readonly #waiting = new LatestByKey<string>();
  #end: StreamEnd | undefined;
  #wake: () => void = () => undefined;
  readonly #endListeners: (() => void)[] = [];

  put({ text, key, isEnd }: OutgoingMessage): void {
    if (this.#end) return;
    if (isEnd || key === noticeKey) this.#waiting.keep(key, text);
    else this.#waiting.put(key, text);
    this.#wake();
  }

  finish(end: StreamEnd): void {
    this.#end = end;
    // A slow reader whose token has ended must not get the rest.
    if (end.code === 4401) this.#waiting.clear();
    this.#wake();
    for (const listener of this.#endListeners.splice(0)) listener();
  }

  onEnd(listener: () => void): void {
    if (this.#end) listener();
    else this.#endListeners.push(listener);
  }

  async next(): Promise<string | StreamEnd> {
    for (;;) {
      const next = this.#waiting.take() ?? this.#end;
      if (next !== undefined) return next;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
