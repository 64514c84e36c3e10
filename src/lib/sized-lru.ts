/** A map of values with up to `maxSize` in total: a new value replaces the least recently used ones. */
export class SizedLru<V> {
  readonly #entries = new Map<string, { readonly value: V; readonly size: number }>();
  readonly #maxSize: number;
  #size = 0;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    // A Map keeps its insertion order, so this makes the entry the newest.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Keeps a value, unless it is larger than a tenth of all: a few would leave no room for the others. */
  set(key: string, value: V, size: number): void {
    this.delete(key);
    if (size > this.#maxSize / 10) return;
    this.#entries.set(key, { value, size });
    this.#size += size;
    for (const oldest of this.#entries.keys()) {
      if (this.#size <= this.#maxSize) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#size -= this.#entries.get(key)?.size ?? 0;
    this.#entries.delete(key);
  }
}
