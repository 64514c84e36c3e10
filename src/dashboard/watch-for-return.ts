/**
 * Checks whether a lost service answers again. The client's own tries become rare, which is right for programs;
 * a person in front of a page is waiting for it.
 */
import { effect, type ReadonlySignal } from '@preact/signals';

/** State of the connection to the feed. */
export type Connection = 'connecting' | 'open' | 'lost';

export interface LookOutOptions {
  readonly connection: ReadonlySignal<Connection>;
  /** Returns whether the service answers. Never throws. */
  readonly isThere: (signal: AbortSignal) => Promise<boolean>;
  readonly reconnect: () => void;
  readonly isVisible?: () => boolean;
}

const everyMs = 3000;
const timeoutMs = 3000;
/**
 * Maximum time that a try is given, in milliseconds. Where the service answers and the feed does not, for
 * example because of a proxy, each try is given longer than the last.
 */
const maxMs = 60_000;

/** @returns a function that stops the checks. */
export function watchForReturn({
  connection,
  isThere,
  reconnect,
  isVisible = () => document.visibilityState === 'visible',
}: LookOutOptions): () => void {
  return effect(() => {
    if (connection.value !== 'lost') return undefined;
    const over = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let patienceMs = everyMs;

    async function look(): Promise<void> {
      let nextMs = everyMs;
      const { signal } = over;
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
      over.abort();
      clearTimeout(timer);
    };
  });
}
