/**
 * What has come and has not been taken yet. A newer state of a task takes the place of one that waits, so that a slow
 * reader finds the latest, and memory is bounded; but the end of a run is never passed over.
 */
export class Mailbox<T> {
  readonly #waiting = new Map<string, T>();
  #kept = 0;
  #changed = false;
  #wake: (() => void) | undefined;

  /** @param key what the item is about. @param keep nothing may take its place. */
  put(key: string, item: T, keep: boolean): void {
    // Deleted first, so that it comes after those that came before it.
    this.#waiting.delete(key);
    if (keep) this.#kept += 1;
    this.#waiting.set(keep ? `${key}#${this.#kept}` : key, item);
    this.wake();
  }

  get size(): number {
    return this.#waiting.size;
  }

  take(): T | undefined {
    for (const [key, item] of this.#waiting) {
      this.#waiting.delete(key);
      return item;
    }
    return undefined;
  }

  wake(): void {
    this.#changed = true;
    this.#wake?.();
  }

  /** Until something has been put, or {@link Mailbox.wake} was called, since the last time. */
  async changed(): Promise<void> {
    if (!this.#changed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#wake = undefined;
    this.#changed = false;
  }
}
