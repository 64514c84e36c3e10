/** Collects items that arrive in bursts and delivers them once per frame. */

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
 * @param keyOf returns what an item is about.
 */
export function createBursts<T>(
  keyOf: (item: T) => string,
  take: (items: readonly T[]) => void,
  nextFrame: (callback: () => void) => unknown = (callback) => requestAnimationFrame(callback),
): Bursts<T> {
  const waiting = new Map<string, T>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const items = [...waiting.values()];
    waiting.clear();
    if (items.length > 0) take(items);
  }

  return {
    flush,
    push(item) {
      const key = keyOf(item);
      // Deleted first, so that the item moves to the end of the order.
      waiting.delete(key);
      waiting.set(key, item);
      if (timer !== undefined) return;
      timer = setTimeout(flush, maxMs);
      nextFrame(flush);
    },
  };
}
