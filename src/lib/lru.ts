/**
 * A map of entries with a total size of at most `max`: a new one replaces the least recently used ones. An entry larger
 * than `maxEach` is not kept.
 */
export class Lru<V> {
  readonly #entries = new Map<string, { readonly value: V; readonly size: number }>();
  readonly #max: number;
  readonly #maxEach: number;
  #total = 0;

  constructor(max: number, maxEach = max) {
    this.#max = max;
    this.#maxEach = maxEach;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    // A Map keeps its insertion order, so this makes the entry the newest.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** @param size the same unit as `max`; by default, `max` is the number of entries. */
  set(key: string, value: V, size = 1): void {
    this.delete(key);
    if (size > this.#maxEach) return;
    this.#entries.set(key, { value, size });
    this.#total += size;
    for (const oldest of this.#entries.keys()) {
      if (this.#total <= this.#max) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#total -= this.#entries.get(key)?.size ?? 0;
    this.#entries.delete(key);
  }

  /** Number of entries. */
  get size(): number {
    return this.#entries.size;
  }
}
