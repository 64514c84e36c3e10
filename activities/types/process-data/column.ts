import { Extremes } from './extremes.ts';
import { FrequentValues, type Counter } from './frequent-values.ts';
import { jsonText } from './json-text.ts';
import { canonical, instantOf, isBlank, kindOfText, type Kind } from './kinds.ts';
import type { RestoredColumn, SavedColumn } from './saved-table.ts';
import { Sketches } from './sketches.ts';
import { keyOf } from './value-key.ts';

/** Length up to which a text is its own key, in UTF-16 units. */
const longestShort = 100;

/**
 * The values of one column, as far as its summary needs them.
 *
 * Exact at first: a counter per distinct value, from which everything else is computed. Once there are more
 * of those than `capacity()`, sketches are filled from them and take over; counters are then kept for
 * frequent values only.
 */
export class Column {
  readonly kinds = new Set<Kind>();
  readonly values: FrequentValues;
  readonly extremes: Extremes;
  sketches: Sketches | undefined;
  /** Number of values that are not missing. */
  count = 0;
  readonly #capacity: () => number;

  /**
   * @param capacity returns the maximum number of distinct values to hold, which may fall while the column is
   * filled.
   */
  constructor(capacity: () => number, values = new FrequentValues(), extremes = new Extremes()) {
    this.#capacity = capacity;
    this.values = values;
    this.extremes = extremes;
  }

  /**
   * @param shrinks number of times to halve the values held by an approximate column; exact columns stay
   * exact.
   */
  save(shrinks: number): SavedColumn {
    const { kinds, count, values, extremes, sketches } = this;
    return {
      kinds: [...kinds],
      count,
      values: values.save(sketches ? shrinks : 0),
      extremes: extremes.save(),
      sketches: sketches?.save(),
    };
  }

  static restore(
    { kinds, count, values, extremes, sketches }: RestoredColumn,
    capacity: () => number,
  ): Column {
    const column = new Column(capacity, FrequentValues.restore(values), Extremes.restore(extremes));
    for (const kind of kinds) column.kinds.add(kind);
    column.count = count;
    column.sketches = sketches && Sketches.restore(sketches);
    return column;
  }

  /** Adds a CSV field. Its kind follows from its text; a blank field is a missing value. */
  addText(text: string): void {
    if (isBlank(text)) return;
    if (text.length > longestShort) return this.#addLong(text);
    this.#count(this.values.get(text) ?? this.#hold(text, kindOfText(text)));
  }

  /** Adds a text that is too long to be a key. Only as a text, and not as a number, is it shortened. */
  #addLong(text: string): void {
    const kind = kindOfText(text);
    const key = kind === 'string' ? keyOf(text) : shortOf(kind, text.trim());
    this.#count(this.values.get(key) ?? this.#hold(key, kind));
  }

  /** Adds a JSON value. JSON itself gives its kind; only dates are recognised by their text. */
  addJson(value: unknown): void {
    if (value === null || value === undefined || (typeof value === 'string' && isBlank(value))) return;
    const [kind, key] = describeJson(value);
    this.kinds.add(kind);
    this.#count(this.values.get(key) ?? this.#hold(key, kind));
  }

  #count(counter: Counter): void {
    this.count++;
    counter.count++;
    this.sketches?.add(counter);
  }

  #hold(key: string, kind: Kind): Counter {
    if (this.values.size >= this.#capacity()) this.#makeRoom();
    const position = positionOf(key, kind);
    const counter = this.values.hold(key, position, kind === 'number');
    this.kinds.add(kind);
    this.extremes.add(kind, key, position);
    this.sketches?.addDistinct(key, counter);
    return counter;
  }

  #makeRoom(): void {
    this.sketches ??= Sketches.of(this.values);
    this.values.shrink();
  }
}

function positionOf(key: string, kind: Kind): number {
  if (kind === 'number') return Number(key);
  return kind === 'date' ? (instantOf(key) ?? NaN) : NaN;
}

/** Returns a short spelling of a number with many digits, and any other text unchanged. */
function shortOf(kind: Kind, text: string): string {
  return kind === 'number' && text.length > longestShort ? canonical(kind, text) : text;
}

function describeJson(value: unknown): [kind: Kind, key: string] {
  if (typeof value === 'number') return ['number', String(value)];
  if (typeof value === 'boolean') return ['boolean', String(value)];
  if (typeof value !== 'string') return ['string', keyOf(jsonText(value))];
  if (instantOf(value) === undefined) return ['string', keyOf(value)];
  return ['date', value.length > longestShort ? value.trim() : value];
}
