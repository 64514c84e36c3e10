/** Collects items that arrive in bursts and delivers them once per frame. */
import { LatestByKey } from '../lib/latest-by-key.ts';

export interface Bursts<T> {
  push(item: T): void;
  /** Delivers the waiting items at once. */
  flush(): void;
}

/**
 * Longest wait for a frame, in milliseconds. Hidden pages get no animation frames; a pending one fires only
 * when the page is visible again.
 */
const maxMs = 250;

/**
 * Keeps only the latest item per key, so that memory is bounded by the number of keys.
 * @param keyOf returns the key of an item: a newer item replaces a waiting one with the same key.
 */
export function createBursts<T>(
  keyOf: (item: T) => string,
  take: (items: readonly T[]) => void,
  nextFrame: (callback: () => void) => unknown = (callback) => requestAnimationFrame(callback),
): Bursts<T> {
  const waiting = new LatestByKey<T>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const items = waiting.takeAll();
    if (items.length > 0) take(items);
  }

  return {
    flush,
    push(item) {
      waiting.put(keyOf(item), item);
      if (timer !== undefined) return;
      timer = setTimeout(flush, maxMs);
      nextFrame(flush);
    },
  };
}
