/** What comes in bursts, told once a frame. */

export interface Bursts<T> {
  push(item: T): void;
  /** Tells what waits, at once. */
  flush(): void;
}

/** Pages that nobody sees have no frames, and one that was asked for before comes only when they are seen again. */
const mostMs = 250;

/**
 * Of what is about the same thing, the latest alone waits: memory is bounded by the things there are.
 * @param keyOf what an item is about.
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
      // Deleted first, so that it comes after those that came before it.
      waiting.delete(key);
      waiting.set(key, item);
      if (timer !== undefined) return;
      timer = setTimeout(flush, mostMs);
      nextFrame(flush);
    },
  };
}
