/** Ids that were added within the last `ms` milliseconds, by the monotonic clock. */
export class RecentIds {
  /** When each is forgotten. A Map keeps its insertion order, so the oldest come first. */
  readonly #forgetAt = new Map<string, number>();
  readonly #ms: number;

  constructor(ms: number) {
    this.#ms = ms;
  }

  add(id: string): void {
    const now = performance.now();
    for (const [each, forgetAt] of this.#forgetAt) {
      if (forgetAt > now) break;
      this.#forgetAt.delete(each);
    }
    this.#forgetAt.delete(id);
    this.#forgetAt.set(id, now + this.#ms);
  }

  has(id: string): boolean {
    const forgetAt = this.#forgetAt.get(id);
    return forgetAt !== undefined && forgetAt > performance.now();
  }
}
