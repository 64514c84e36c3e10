import { instantOf, type Kind } from './kinds.ts';

interface Range<T> {
  min: T;
  max: T;
}

/**
 * The least and greatest value of a column. Which order counts (numbers, instants, text) is known only when all values
 * are, so all three are kept.
 */
export class Extremes {
  #number: Range<number> | undefined;
  #date: Range<{ at: number; text: string }> | undefined;
  #text: Range<string> | undefined;

  add(kind: Kind, key: string, number: number): void {
    this.#text = widened(this.#text, key, (a, b) => a < b);
    if (kind === 'number') this.#number = widened(this.#number, number, (a, b) => a < b);
    if (kind !== 'date') return;
    const date = { at: instantOf(key) ?? NaN, text: key };
    this.#date = widened(this.#date, date, (a, b) => a.at < b.at);
  }

  /** For a column of that kind; `undefined` where there is no order (booleans). */
  of(kind: Kind): Range<string | number> | undefined {
    if (kind === 'number') return this.#number;
    if (kind === 'string') return this.#text;
    return kind === 'date' && this.#date ? { min: this.#date.min.text, max: this.#date.max.text } : undefined;
  }
}

function widened<T>(range: Range<T> | undefined, value: T, less: (a: T, b: T) => boolean): Range<T> {
  if (range === undefined) return { min: value, max: value };
  if (less(value, range.min)) range.min = value;
  if (less(range.max, value)) range.max = value;
  return range;
}
