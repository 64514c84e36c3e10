import type { Column } from './column.ts';
import { between, histogramOf, type Histogram } from './histogram.ts';
import { canonical, type Kind } from './kinds.ts';
import { Mean } from './mean.ts';
import { shownOf } from './value-key.ts';

/** Summary of a column. Figures that don't apply to its type are null. */
export type ColumnSummary = {
  type: Kind | 'empty';
  /** Number of values that are present, and of those that are missing: empty, null or absent. */
  count: number;
  missing: number;
  distinct: number;
  min: string | number | null;
  max: string | number | null;
  mean: number | null;
  p50: number | null;
  p95: number | null;
  /** Most frequent first, equally frequent ones in ascending order. */
  top: { value: string | number | boolean; count: number }[];
  /** Set for numbers and dates, if the result has room for it. */
  histogram?: Histogram;
  /**
   * The figures that are estimates, if any. `distinct` is within about 2 %, percentiles are within 1 % of the
   * value, and counts in `top` are never too high. In `histogram`, a value above the edge of a bin by less
   * than a 500th of the range (a 25th of a bin) may be counted in the bin below.
   */
  approximate?: string[];
};

const topValues = 10;

type Tally = Map<string, { count: number; missed: number }>;
type Ranked = [key: string, tally: { count: number; missed: number }][];

/** @param rows number of rows of the column's table. */
export function summarise(column: Column, rows: number): ColumnSummary {
  const { count } = column;
  const missing = rows - count;
  const nothing = { min: null, max: null, mean: null, p50: null, p95: null };
  if (count === 0) return { type: 'empty', count, missing, distinct: 0, ...nothing, top: [] };
  const [only] = column.kinds;
  const type = column.kinds.size === 1 && only !== undefined ? only : 'string';
  const tally = tallyOf(column, type);
  const range = column.extremes.of(type);
  const first = firstOf(tally, type);
  const top = first.map(([key, { count }]) => ({ value: valueOf(type, key), count }));
  const histogram = histogramOf(column, type, tally);
  const approximate = approximateFigures(column, type, tally, first);
  return {
    type,
    count,
    missing,
    distinct: column.sketches ? clamp(column.sketches.distinct.estimate(), tally.size, count) : tally.size,
    ...nothing,
    ...(range && { min: shortened(range.min), max: shortened(range.max) }),
    ...(type === 'number' && numberFigures(column, tally)),
    top,
    ...(histogram && { histogram }),
    ...(approximate.length > 0 && { approximate }),
  };
}

/**
 * Merges the counts of different spellings of one value. The column's type decides which spellings are equal.
 */
function tallyOf(column: Column, type: Kind): Tally {
  const tally: Tally = new Map();
  for (const [key, { count, missed }] of column.values.entries()) {
    const value = canonical(type, key);
    const before = tally.get(value);
    tally.set(value, { count: count + (before?.count ?? 0), missed: missed + (before?.missed ?? 0) });
  }
  return tally;
}

/**
 * Returns the most frequent values, in order. Ranks them in one pass, since sorting thousands would take
 * long.
 */
function firstOf(tally: Tally, type: Kind): Ranked {
  const ascending = (a: string, b: string) => (type === 'number' ? Number(a) - Number(b) : a < b ? -1 : 1);
  const first: Ranked = [];
  for (const entry of tally) {
    const before = ([key, { count }]: Ranked[number]) =>
      count > entry[1].count || (count === entry[1].count && ascending(key, entry[0]) < 0);
    const last = first[topValues - 1];
    if (last && before(last)) continue;
    first.splice(first.findLastIndex(before) + 1, 0, entry);
    first.length = Math.min(first.length, topValues);
  }
  return first;
}

function numberFigures(column: Column, tally: Tally): { mean: number; p50: number; p95: number } {
  const { min, max } = column.extremes.of('number') ?? {};
  const within = (value: number) => clamp(value, Number(min), Number(max));
  const { sketches } = column;
  if (sketches) {
    const [p50, p95] = [sketches.quantiles.quantile(0.5), sketches.quantiles.quantile(0.95)];
    return { mean: within(sketches.mean.value()), p50: within(p50), p95: within(p95) };
  }
  const sorted = [...tally]
    .map(([key, { count }]) => [Number(key), count] as const)
    .sort(([a], [b]) => a - b);
  const mean = new Mean();
  for (const [value, count] of sorted) mean.add(value, count);
  const percentile = (share: number) => percentileOf(sorted, share * (column.count - 1));
  return { mean: within(mean.value()), p50: percentile(0.5), p95: percentile(0.95) };
}

/** Returns the value at a rank counted from 0, interpolated between neighbours as numpy and spreadsheets do. */
function percentileOf(sorted: readonly (readonly [value: number, count: number])[], rank: number): number {
  let passed = 0;
  for (const [i, [value, count]] of sorted.entries()) {
    passed += count;
    if (rank <= passed - 1) return value;
    const next = sorted[i + 1]?.[0];
    const share = rank - (passed - 1);
    if (rank < passed && next !== undefined) return between(value, next, share);
  }
  return sorted.at(-1)?.[0] ?? NaN;
}

function approximateFigures(column: Column, type: Kind, tally: Tally, first: Ranked): string[] {
  if (!column.sketches) return [];
  return [
    'distinct',
    ...(type === 'number' ? ['p50', 'p95'] : []),
    ...(isTopCertain(column, type, tally, first) ? [] : ['top']),
    ...(type === 'number' || type === 'date' ? ['histogram'] : []),
  ];
}

/** Returns whether the top values and their counts are exact, even though rarer values were dropped. */
function isTopCertain(column: Column, type: Kind, tally: Tally, first: Ranked): boolean {
  // Other spellings of a number may have been dropped.
  if (type === 'number' || type === 'boolean') return false;
  const last = first[topValues - 1]?.[1].count ?? 0;
  const listed = new Set(first.map(([key]) => key));
  let rival = column.values.missed;
  for (const [key, { count, missed }] of tally) {
    if (!listed.has(key)) rival = Math.max(rival, count + missed);
  }
  return last > rival && first.every(([, { missed }]) => missed === 0);
}

function valueOf(type: Kind, key: string): string | number | boolean {
  if (type === 'number') return Number(key);
  return type === 'boolean' ? key === 'true' : shownOf(key);
}

function shortened(value: string | number): string | number {
  return typeof value === 'number' ? value : shownOf(value);
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}
