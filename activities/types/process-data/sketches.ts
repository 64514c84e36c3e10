import { DistinctSketch } from './distinct-sketch.ts';
import type { Counter, FrequentValues } from './frequent-values.ts';
import { HistogramSketch } from './histogram-sketch.ts';
import { Mean } from './mean.ts';
import { QuantileSketch } from './quantile-sketch.ts';
import type { RestoredSketches, SavedSketches } from './saved-table.ts';

/** What takes over when a column has too many different values to hold them all. */
export class Sketches {
  readonly distinct: DistinctSketch;
  /** Quantiles and mean are of numbers alone. */
  readonly quantiles: QuantileSketch;
  readonly mean: Mean;
  /** Of numbers and dates; of no use where a column has both, and so is one of strings. */
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

  /** Filled from counters that have missed nothing. */
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

  /** `1` and `1.0` are one number. In a column of strings they are two, but who has those has them estimated anyway. */
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
