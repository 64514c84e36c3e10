/** A value's count since it was first (or again) held. */
export interface Counter {
  count: number;
  /** How often the value may have occurred before that, at most. 0: the count is exact. */
  readonly missed: number;
  /** The value as a number, `NaN` if it is none: reading it once saves reading it for each row. */
  readonly number: number;
}

/**
 * Counts values exactly until {@link shrink} is called; from then on it holds only frequent ones. Misra-Gries with
 * batched decrements: a value that is not held occurred at most {@link missed} times, and that is at most
 * 2 × (all values added) ÷ (values held before shrinking).
 */
export class FrequentValues {
  #counters = new Map<string, Counter>();
  #missed = 0;

  get size(): number {
    return this.#counters.size;
  }

  get missed(): number {
    return this.#missed;
  }

  get(key: string): Counter | undefined {
    return this.#counters.get(key);
  }

  /** Holds a value that is not held yet, with a count of 0. */
  hold(key: string, number: number): Counter {
    const counter = { count: 0, missed: this.#missed, number };
    this.#counters.set(key, counter);
    return counter;
  }

  entries(): IterableIterator<[key: string, counter: Counter]> {
    return this.#counters.entries();
  }

  /** Lets go of the rarer half (more, if many are equally rare). */
  shrink(): void {
    const most = new Float64Array(this.#counters.size);
    let i = 0;
    for (const counter of this.#counters.values()) most[i++] = mostOf(counter);
    const missed = most.sort()[most.length >> 1] ?? 0;
    // A new map: where values hardly repeat, nearly all go, and deleting them one by one takes longer.
    const kept = new Map<string, Counter>();
    for (const [key, counter] of this.#counters) {
      if (mostOf(counter) > missed) kept.set(key, counter);
    }
    this.#counters = kept;
    this.#missed = missed;
  }
}

/** The most often that a value can have occurred. */
function mostOf(counter: Counter): number {
  return counter.count + counter.missed;
}
