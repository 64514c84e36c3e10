import { instantOf, type Kind } from './kinds.ts';
import { savedDouble, type RestoredExtremes, type SavedExtremes } from './saved-table.ts';

interface Range<T> {
  min: T;
  max: T;
}

/**
 * The minimum and maximum of a column. Which order applies (numbers, instants, text) is known only when all
 * values are, so all three are kept.
 */
export class Extremes {
  #number: Range<number> | undefined;
  #date: Range<{ at: number; text: string }> | undefined;
  #text: Range<string> | undefined;

  /** @param position the number itself, or the instant of a date. */
  add(kind: Kind, key: string, position: number): void {
    this.#text = widened(this.#text, key, (a, b) => a < b);
    if (kind === 'number') this.#number = widened(this.#number, position, (a, b) => a < b);
    if (kind !== 'date') return;
    this.#date = widened(this.#date, { at: position, text: key }, (a, b) => a.at < b.at);
  }

  save(): SavedExtremes {
    const [number, date] = [this.#number, this.#date];
    return {
      number: number && { min: savedDouble(number.min), max: savedDouble(number.max) },
      date: date && { min: date.min.text, max: date.max.text },
      text: this.#text,
    };
  }

  static restore({ number, date, text }: RestoredExtremes): Extremes {
    const extremes = new Extremes();
    extremes.#number = number;
    extremes.#date = date && { min: dated(date.min), max: dated(date.max) };
    extremes.#text = text;
    return extremes;
  }

  /** Returns the range for a column of that kind; `undefined` if the kind has no order (booleans). */
  of(kind: Kind): Range<string | number> | undefined {
    if (kind === 'number') return this.#number;
    if (kind === 'string') return this.#text;
    return kind === 'date' && this.#date ? { min: this.#date.min.text, max: this.#date.max.text } : undefined;
  }
}

function dated(text: string): { at: number; text: string } {
  return { at: instantOf(text) ?? NaN, text };
}

function widened<T>(range: Range<T> | undefined, value: T, less: (a: T, b: T) => boolean): Range<T> {
  if (range === undefined) return { min: value, max: value };
  if (less(value, range.min)) range.min = value;
  if (less(range.max, value)) range.max = value;
  return range;
}
