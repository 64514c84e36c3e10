/**
 * A table as a checkpoint stores it. `save()` returns a schema's input, and `restore()` takes its output. A
 * change here needs a new version in checkpoint.ts.
 */
import { z } from 'zod';

const count = z.int().nonnegative();

/** Numbers that JSON cannot represent. */
const notInJson = ['Infinity', '-Infinity', 'NaN', '-0'] as const;
const double = z.union([z.number(), z.enum(notInJson)]).transform(Number);

export function savedDouble(value: number): z.input<typeof double> {
  return notInJson.find((word) => Object.is(Number(word), value)) ?? value;
}

const mean = z.object({ sum: double, lost: double, count });

const buckets = z
  .object({ distances: z.array(double), counts: z.array(count) })
  .refine(({ distances, counts }) => distances.length === counts.length);

const quantiles = z.object({ negative: buckets, positive: buckets, zeros: count, count });

/** Cells of a HistogramSketch, 2^exponent wide, with how many numbers are in each. */
const cells = z.object({ exponent: z.int(), first: z.int(), counts: z.array(count).max(1024) });

/** A character for each register of a DistinctSketch. */
const distinct = z.string().regex(/^[0-Q]{16384}$/);

const textRange = z.object({ min: z.string(), max: z.string() });
const extremes = z.object({
  number: z.object({ min: double, max: double }).optional(),
  date: textRange.optional(),
  text: textRange.optional(),
});

/** Parallel lists instead of an object for each counter: they deflate to half the size. */
const values = z
  .object({
    missed: count,
    keys: z.array(z.string()),
    counts: z.array(count),
    missedBefore: z.array(count),
    isNumber: z.array(z.literal([0, 1])),
  })
  .refine(({ keys, ...lists }) =>
    [lists.counts, lists.missedBefore, lists.isNumber].every((list) => list.length === keys.length),
  );

const sketches = z.object({ distinct, quantiles, mean, histogram: cells });

const column = z.object({
  kinds: z.array(z.enum(['number', 'boolean', 'date', 'string'])),
  count,
  values,
  extremes,
  sketches: sketches.optional(),
});

// Pairs, because a column may be called __proto__.
export const savedTable = z.object({
  rows: count,
  shortRows: count,
  columns: z.array(z.tuple([z.string(), column])),
});

export type SavedMean = z.input<typeof mean>;
export type RestoredMean = z.output<typeof mean>;
export type SavedBuckets = z.input<typeof buckets>;
export type RestoredBuckets = z.output<typeof buckets>;
export type SavedQuantiles = z.input<typeof quantiles>;
export type RestoredQuantiles = z.output<typeof quantiles>;
export type SavedCells = z.input<typeof cells>;
export type RestoredCells = z.output<typeof cells>;
export type SavedExtremes = z.input<typeof extremes>;
export type RestoredExtremes = z.output<typeof extremes>;
export type SavedValues = z.input<typeof values>;
export type RestoredValues = z.output<typeof values>;
export type SavedSketches = z.input<typeof sketches>;
export type RestoredSketches = z.output<typeof sketches>;
export type SavedColumn = z.input<typeof column>;
export type RestoredColumn = z.output<typeof column>;
export type SavedTable = z.input<typeof savedTable>;
export type RestoredTable = z.output<typeof savedTable>;
