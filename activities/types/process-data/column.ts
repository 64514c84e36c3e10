import { DistinctSketch } from './distinct-sketch.ts';
import { Extremes } from './extremes.ts';
import { FrequentValues, type Counter } from './frequent-values.ts';
import { instantOf, kindOfText, type Kind } from './kinds.ts';
import { Mean } from './mean.ts';
import { QuantileSketch } from './quantile-sketch.ts';
import type { RestoredColumn, SavedColumn } from './saved-table.ts';
import { keyOf } from './value-key.ts';

/** What takes over when a column has too many different values to hold them all. */
interface Sketches {
  readonly distinct: DistinctSketch;
  readonly quantiles: QuantileSketch;
  readonly mean: Mean;
}

/**
 * The values of one column, as far as its summary needs them.
 *
 * Exact at first: a counter per different value, from which everything follows. Once there are more of those than
 * `capacity()`, sketches are filled from them and go on from there; counters are then kept for frequent values only.
 */
export class Column {
  readonly kinds = new Set<Kind>();
  readonly values: FrequentValues;
  readonly extremes: Extremes;
  sketches: Sketches | undefined;
  /** Values that are not missing. */
  count = 0;
  readonly #capacity: () => number;

  /** @param capacity how many different values may be held; may fall while the column is filled. */
  constructor(capacity: () => number, values = new FrequentValues(), extremes = new Extremes()) {
    this.#capacity = capacity;
    this.values = values;
    this.extremes = extremes;
  }

  /** @param shrinks how often to halve what is held of a column that is approximate anyway; exact ones stay so. */
  save(shrinks: number): SavedColumn {
    const { kinds, count, values, extremes, sketches } = this;
    return {
      kinds: [...kinds],
      count,
      values: values.save(sketches ? shrinks : 0),
      extremes: extremes.save(),
      sketches: sketches && {
        distinct: sketches.distinct.save(),
        quantiles: sketches.quantiles.save(),
        mean: sketches.mean.save(),
      },
    };
  }

  static restore(
    { kinds, count, values, extremes, sketches }: RestoredColumn,
    capacity: () => number,
  ): Column {
    const column = new Column(capacity, FrequentValues.restore(values), Extremes.restore(extremes));
    for (const kind of kinds) column.kinds.add(kind);
    column.count = count;
    column.sketches = sketches && {
      distinct: DistinctSketch.restore(sketches.distinct),
      quantiles: QuantileSketch.restore(sketches.quantiles),
      mean: Mean.restore(sketches.mean),
    };
    return column;
  }

  /** Adds a CSV field. What it is follows from its text; an empty one is missing. */
  addText(text: string): void {
    if (text === '') return;
    const key = keyOf(text);
    this.#count(this.values.get(key) ?? this.#hold(key, kindOfText(key)));
  }

  /** Adds a value out of JSON, which says itself what it is; only dates are recognised by their text. */
  addJson(value: unknown): void {
    if (value === null || value === undefined || value === '') return;
    const [kind, text] = describeJson(value);
    const key = keyOf(text);
    this.kinds.add(kind);
    this.#count(this.values.get(key) ?? this.#hold(key, kind));
  }

  #count(counter: Counter): void {
    this.count++;
    counter.count++;
    if (this.sketches && !Number.isNaN(counter.number)) {
      this.sketches.quantiles.add(counter.number);
      this.sketches.mean.add(counter.number);
    }
  }

  #hold(key: string, kind: Kind): Counter {
    if (this.values.size >= this.#capacity()) this.#makeRoom();
    const number = kind === 'number' ? Number(key) : NaN;
    this.kinds.add(kind);
    this.extremes.add(kind, key, number);
    if (this.sketches) addDistinct(this.sketches.distinct, key, number);
    return this.values.hold(key, number);
  }

  #makeRoom(): void {
    this.sketches ??= sketchesOf(this.values);
    this.values.shrink();
  }
}

function sketchesOf(values: FrequentValues): Sketches {
  const sketches = { distinct: new DistinctSketch(), quantiles: new QuantileSketch(), mean: new Mean() };
  for (const [key, { count, number }] of values.entries()) {
    addDistinct(sketches.distinct, key, number);
    if (Number.isNaN(number)) continue;
    sketches.quantiles.add(number, count);
    sketches.mean.add(number, count);
  }
  return sketches;
}

/** `1` and `1.0` are one number. In a column of strings they are two, but who has those has them estimated anyway. */
function addDistinct(distinct: DistinctSketch, key: string, number: number): void {
  if (Number.isNaN(number)) distinct.addText(key);
  else distinct.addNumber(number);
}

function describeJson(value: unknown): [kind: Kind, text: string] {
  if (typeof value === 'number') return ['number', String(value)];
  if (typeof value === 'boolean') return ['boolean', String(value)];
  if (typeof value === 'string') return [instantOf(value) === undefined ? 'string' : 'date', value];
  return ['string', JSON.stringify(value)];
}
