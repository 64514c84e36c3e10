import {
  savedDouble,
  type RestoredBuckets,
  type RestoredQuantiles,
  type SavedBuckets,
  type SavedQuantiles,
} from './saved-table.ts';

/** Maximum error of an estimate, as a share of the true value. */
export const relativeError = 0.01;

const gamma = (1 + relativeError) / (1 - relativeError);
const logGamma = Math.log(gamma);
/** Maximum number of buckets. 2,048 span 17 orders of magnitude; beyond that, accuracy is lost near zero. */
const maxBuckets = 2048;

/** Counts per bucket; bucket i holds the magnitudes in (gamma^(i-1), gamma^i]. */
type Buckets = Map<number, number>;

/**
 * Estimates percentiles in bounded memory: DDSketch (Masson, Rim, Lee, VLDB 2019), whose error is relative to the
 * value whatever the distribution.
 */
export class QuantileSketch {
  #negative: Buckets = new Map();
  #positive: Buckets = new Map();
  #zeros = 0;
  #count = 0;

  add(value: number, times = 1): void {
    this.#count += times;
    if (value === 0) {
      this.#zeros += times;
      return;
    }
    const buckets = value < 0 ? this.#negative : this.#positive;
    const bucket = Math.ceil(Math.log(Math.abs(value)) / logGamma);
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + times);
    if (buckets.size > maxBuckets) collapse(buckets);
  }

  /** @param share 0.5 for the median, and so on. Returns `NaN` if nothing has been added. */
  quantile(share: number): number {
    const rank = share * (this.#count - 1);
    let passed = 0;
    for (const [value, count] of this.#ascending()) {
      passed += count;
      if (passed > rank) return value;
    }
    return NaN;
  }

  save(): SavedQuantiles {
    const [negative, positive] = [saveBuckets(this.#negative), saveBuckets(this.#positive)];
    return { negative, positive, zeros: this.#zeros, count: this.#count };
  }

  static restore({ negative, positive, zeros, count }: RestoredQuantiles): QuantileSketch {
    const sketch = new QuantileSketch();
    sketch.#negative = restoreBuckets(negative);
    sketch.#positive = restoreBuckets(positive);
    [sketch.#zeros, sketch.#count] = [zeros, count];
    return sketch;
  }

  *#ascending(): Generator<[value: number, count: number]> {
    const byBucket = (a: [number, number], b: [number, number]) => a[0] - b[0];
    for (const [bucket, count] of [...this.#negative].sort(byBucket).reverse()) {
      yield [-middle(bucket), count];
    }
    yield [0, this.#zeros];
    for (const [bucket, count] of [...this.#positive].sort(byBucket)) yield [middle(bucket), count];
  }
}

/** Saves buckets by their distances, which are nearly all 1 and so take almost no room once deflated. */
function saveBuckets(buckets: Buckets): SavedBuckets {
  const ascending = [...buckets].sort(([a], [b]) => a - b);
  const distances = ascending.map(([bucket], i) => savedDouble(bucket - (ascending[i - 1]?.[0] ?? 0)));
  return { distances, counts: ascending.map(([, count]) => count) };
}

function restoreBuckets({ distances, counts }: RestoredBuckets): Buckets {
  let bucket = 0;
  return new Map(distances.map((distance, i) => [(bucket += distance), counts[i] ?? 0]));
}

/** Returns the value with the same relative distance from both ends of its bucket. */
function middle(bucket: number): number {
  // Multiplied in two steps: the upper end of the largest bucket is beyond the range of a double.
  return Math.exp((bucket - 1) * logGamma) * ((2 * gamma) / (1 + gamma));
}

/** Merges the smallest magnitudes into one bucket: a quarter of the buckets, so that it happens rarely. */
function collapse(buckets: Buckets): void {
  const lowest = [...buckets.keys()].sort((a, b) => a - b).slice(0, maxBuckets / 4);
  const into = lowest.pop() ?? 0;
  for (const bucket of lowest) {
    buckets.set(into, (buckets.get(into) ?? 0) + (buckets.get(bucket) ?? 0));
    buckets.delete(bucket);
  }
}
