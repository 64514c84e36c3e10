import { DistinctSketch } from './distinct-sketch.ts';
import type { Counter, FrequentValues } from './frequent-values.ts';
import { HistogramSketch } from './histogram-sketch.ts';
import { Mean } from './mean.ts';
import { QuantileSketch } from './quantile-sketch.ts';
import type { RestoredSketches, SavedSketches } from './saved-table.ts';

/** Sketches that take over when a column has too many distinct values to hold them all. */
export class Sketches {
  readonly distinct: DistinctSketch;
  /** Quantiles and mean cover numbers only. */
  readonly quantiles: QuantileSketch;
  readonly mean: Mean;
  /** Covers numbers and dates. Unused when a column mixes both, since it is then treated as text. */
  readonly histogram: HistogramSketch;

  private constructor(
    distinct = new DistinctSketch(),
    quantiles = new QuantileSketch(),
    mean = new Mean(),
    histogram = new HistogramSketch(),
  ) {
    this.distinct = distinct;
    this.quantiles = quantiles;
    this.mean = mean;
    this.histogram = histogram;
  }

  /** Creates sketches from counters that have missed nothing. */
  static of(values: FrequentValues): Sketches {
    const sketches = new Sketches();
    for (const [key, counter] of values.entries()) {
      sketches.addDistinct(key, counter);
      sketches.add(counter, counter.count);
    }
    return sketches;
  }

  save(): SavedSketches {
    const { distinct, quantiles, mean, histogram } = this;
    return {
      distinct: distinct.save(),
      quantiles: quantiles.save(),
      mean: mean.save(),
      histogram: histogram.save(),
    };
  }

  static restore({ distinct, quantiles, mean, histogram }: RestoredSketches): Sketches {
    return new Sketches(
      DistinctSketch.restore(distinct),
      QuantileSketch.restore(quantiles),
      Mean.restore(mean),
      HistogramSketch.restore(histogram),
    );
  }

  /** Adds a distinct value. `1` and `1.0` count as one: right for numbers; for text, the count is an estimate. */
  addDistinct(key: string, { position, isNumber }: Counter): void {
    if (isNumber) this.distinct.addNumber(position);
    else this.distinct.addText(key);
  }

  add({ position, isNumber }: Counter, times = 1): void {
    if (Number.isNaN(position)) return;
    this.histogram.add(position, times);
    if (!isNumber) return;
    this.quantiles.add(position, times);
    this.mean.add(position, times);
  }
}
