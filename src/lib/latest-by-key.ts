/**
 * A queue in which the latest item wins: it takes the place of a waiting one with the same key, but leaves only after
 * the items that came before it. Its size is bounded by the number of keys and of the items that must be kept. Runs in
 * browsers as well.
 */
export class LatestByKey<T> {
  readonly #waiting = new Map<string | symbol, T>();

  /** Adds an item, and drops a waiting one with the same key. @returns whether there was one. */
  put(key: string, item: T): boolean {
    return this.#add(key, key, item);
  }

  /** Does the same, but no later item replaces this one. */
  keep(key: string, item: T): void {
    this.#add(key, Symbol(key), item);
  }

  #add(replaced: string, key: string | symbol, item: T): boolean {
    // A Map keeps its insertion order: deleted first, the item goes to the end.
    const isReplacing = this.#waiting.delete(replaced);
    this.#waiting.set(key, item);
    return isReplacing;
  }

  /** Removes the item that came first, and returns it. */
  take(): T | undefined {
    for (const [key, item] of this.#waiting) {
      this.#waiting.delete(key);
      return item;
    }
    return undefined;
  }

  /** Removes all items, and returns them in the order in which they came. */
  takeAll(): T[] {
    const items = [...this.#waiting.values()];
    this.#waiting.clear();
    return items;
  }

  clear(): void {
    this.#waiting.clear();
  }

  get size(): number {
    return this.#waiting.size;
  }
}
