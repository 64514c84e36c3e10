import { instantOf } from './kinds.ts';
import type { RestoredValues, SavedValues } from './saved-table.ts';

/** Count of a value since it was last added to the values held. */
export interface Counter {
  count: number;
  /** Maximum number of earlier occurrences, not counted. If 0, the count is exact. */
  readonly missed: number;
  /**
   * Place of the value among others: the number itself, the instant of a date, otherwise `NaN`. Parsed once,
   * rather than for each row.
   */
  readonly position: number;
  /** Whether it is a number, which its text doesn't show: JSON has strings like "5". */
  readonly isNumber: boolean;
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
  hold(key: string, position: number, isNumber: boolean): Counter {
    const counter = { count: 0, missed: this.#missed, position, isNumber };
    this.#counters.set(key, counter);
    return counter;
  }

  entries(): IterableIterator<[key: string, counter: Counter]> {
    return this.#counters.entries();
  }

  /**
   * @param shrinks number of times to shrink the copy. The bound on {@link missed} holds for the copy too,
   *   with the number of values that it held before it was last shrunk.
   */
  save(shrinks = 0): SavedValues {
    const copy = new FrequentValues();
    // Shared, since shrinking makes a new map.
    [copy.#counters, copy.#missed] = [this.#counters, this.#missed];
    for (let i = 0; i < shrinks; i++) copy.shrink();
    const counters = [...copy.#counters.values()];
    return {
      missed: copy.#missed,
      keys: [...copy.#counters.keys()],
      counts: counters.map(({ count }) => count),
      missedBefore: counters.map(({ missed }) => missed),
      isNumber: counters.map(({ isNumber }) => (isNumber ? 1 : 0)),
    };
  }

  /** Restores the values in the order in which they were held: a mean's last digits depend on it. */
  static restore({
    missed,
    keys,
    counts,
    missedBefore,
    isNumber: areNumbers,
  }: RestoredValues): FrequentValues {
    const values = new FrequentValues();
    for (const [i, key] of keys.entries()) {
      const isNumber = areNumbers[i] === 1;
      const position = isNumber ? Number(key) : (instantOf(key) ?? NaN);
      values.#counters.set(key, { count: counts[i] ?? 0, missed: missedBefore[i] ?? 0, position, isNumber });
    }
    values.#missed = missed;
    return values;
  }

  /** Drops the rarer half (more, if many are equally rare). */
  shrink(): void {
    const most = new Float64Array(this.#counters.size);
    let i = 0;
    for (const counter of this.#counters.values()) most[i++] = upperBoundOf(counter);
    const missed = most.sort()[most.length >> 1] ?? this.#missed;
    // A new map: if values hardly repeat, nearly all are dropped, and deleting them one by one takes longer.
    const kept = new Map<string, Counter>();
    for (const [key, counter] of this.#counters) {
      if (upperBoundOf(counter) > missed) kept.set(key, counter);
    }
    this.#counters = kept;
    this.#missed = missed;
  }
}

/** Returns the maximum number of times that a value can have occurred. */
function upperBoundOf(counter: Counter): number {
  return counter.count + counter.missed;
}
