/**
 * Checks whether a lost service responds again. The client itself retries less and less often, which suits
 * programs, but a person in front of the page is waiting.
 */
import { effect, type ReadonlySignal } from '@preact/signals';

/** State of the connection to the feed. */
export type Connection = 'connecting' | 'open' | 'lost';

export interface WatchForReturnOptions {
  readonly connection: ReadonlySignal<Connection>;
  /** Returns whether the service answers. Never throws. */
  readonly isThere: (signal: AbortSignal) => Promise<boolean>;
  readonly reconnect: () => void;
  readonly isVisible?: () => boolean;
}

const everyMs = 3000;
const timeoutMs = 3000;
/**
 * Maximum time that a new connection is given to open, in milliseconds. If the service responds but the feed
 * does not, for example because of a proxy, each connection is given longer than the one before.
 */
const maxMs = 60_000;

/** Starts the checks. @returns a function that stops them. */
export function watchForReturn({
  connection,
  isThere,
  reconnect,
  isVisible = () => document.visibilityState === 'visible',
}: WatchForReturnOptions): () => void {
  return effect(() => {
    if (connection.value !== 'lost') return undefined;
    const closing = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let patienceMs = everyMs;

    async function look(): Promise<void> {
      let nextMs = everyMs;
      const { signal } = closing;
      if (isVisible() && (await isThere(AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])))) {
        if (signal.aborted) return;
        reconnect();
        patienceMs = Math.min(maxMs, patienceMs * 2);
        nextMs = patienceMs;
      }
      if (!signal.aborted) timer = setTimeout(() => void look(), nextMs);
    }

    timer = setTimeout(() => void look(), everyMs);
    return () => {
      closing.abort();
      clearTimeout(timer);
    };
  });
}
