import type { Column } from './column.ts';
import { instantOf, type Kind } from './kinds.ts';
import { shownOf } from './value-key.ts';

/** Distribution of the values between the minimum and the maximum, in bins of one width. */
export type Histogram = {
  /** The column's `min` and `max`; for dates, their text. */
  readonly from: string | number;
  readonly to: string | number;
  /** The same for dates as instants in UTC, in RFC 3339. */
  readonly from_at?: string;
  readonly to_at?: string;
  /** Counts per bin. A value at the edge of two bins is in the upper one, and the maximum is in the last. */
  readonly counts: number[];
};

const maxBins = 20;

/**
 * Counts a column's values in bins. Exact as long as the column is, since its tally then has all values;
 * otherwise each cell of the sketch is counted at the point where it starts.
 *
 * @returns undefined for a column whose values are neither numbers nor dates.
 */
export function histogramOf(
  { extremes, sketches }: Column,
  type: Kind,
  tally: ReadonlyMap<string, { count: number }>,
): Histogram | undefined {
  const range = extremes.of(type);
  if (range === undefined || (type !== 'number' && type !== 'date')) return undefined;
  const positionOf = type === 'number' ? Number : (text: string | number) => instantOf(String(text)) ?? NaN;
  const values = sketches?.histogram.cells() ?? placed(tally, positionOf);
  const [min, max] = [positionOf(range.min), positionOf(range.max)];
  const counts = countInBins(values, min, max);
  const shown = (value: string | number) => (typeof value === 'number' ? value : shownOf(value));
  const instants = type === 'date' && { from_at: utcOf(min), to_at: utcOf(max) };
  return { from: shown(range.min), to: shown(range.max), ...instants, counts };
}

function utcOf(at: number): string {
  return new Date(at).toISOString();
}

function* placed(
  tally: ReadonlyMap<string, { count: number }>,
  positionOf: (key: string) => number,
): Generator<[position: number, count: number]> {
  for (const [key, { count }] of tally) yield [positionOf(key), count];
}

function countInBins(
  values: Iterable<readonly [position: number, count: number]>,
  min: number,
  max: number,
): number[] {
  const bins = min === max ? 1 : maxBins;
  const upperEdges = Array.from({ length: bins - 1 }, (_, i) => between(min, max, (i + 1) / bins));
  const counts = Array.from({ length: bins }, () => 0);
  for (const [position, count] of values) {
    const bin = upperEdges.findIndex((edge) => position < edge);
    const at = bin === -1 ? bins - 1 : bin;
    counts[at] = (counts[at] ?? 0) + count;
  }
  return counts;
}

/** @param share fraction of the way from a to b. */
export function between(a: number, b: number, share: number): number {
  const distance = b - a;
  // Two numbers may be further apart than the largest double.
  return Number.isFinite(distance) ? a + distance * share : a * (1 - share) + b * share;
}
