import { LatestByKey } from '../lib/latest-by-key.ts';

/**
 * Messages that have been received but not taken yet. A newer state of a task replaces a waiting one, so that a slow
 * reader gets the latest, and memory is bounded. The end of a run is never replaced.
 */
export class Mailbox<T> {
  readonly #waiting = new LatestByKey<T>();
  #changed = false;
  #wake: (() => void) | undefined;

  /**
   * @param key a newer item replaces a waiting one with the same key.
   * @param keep whether to prevent that.
   */
  put(key: string, item: T, keep: boolean): void {
    if (keep) this.#waiting.keep(key, item);
    else this.#waiting.put(key, item);
    this.wake();
  }

  get size(): number {
    return this.#waiting.size;
  }

  take(): T | undefined {
    return this.#waiting.take();
  }

  wake(): void {
    this.#changed = true;
    this.#wake?.();
  }

  /** Waits until something has been put, or {@link Mailbox.wake} was called, since the last call. */
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
