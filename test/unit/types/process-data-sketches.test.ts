import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Column } from '../../../activities/types/process-data/column.ts';
import { summarise } from '../../../activities/types/process-data/column-summary.ts';
import { DistinctSketch } from '../../../activities/types/process-data/distinct-sketch.ts';
import { FrequentValues } from '../../../activities/types/process-data/frequent-values.ts';
import { QuantileSketch, relativeError } from '../../../activities/types/process-data/quantile-sketch.ts';

describe('DistinctSketch', () => {
  it.each([0, 1, 100, 5_000, 20_000, 50_000, 300_000])('estimates %i distinct values within 3 %%', (n) => {
    const spellings: ((i: number) => string)[] = [
      (i) => String(i),
      (i) => `user-${i}@example.com`,
      (i) => String.fromCharCode(0x4e00 + (i % 20_000), i / 20_000),
    ];
    const sketches = spellings.map((spell) => {
      const sketch = new DistinctSketch();
      for (let i = 0; i < n; i++) sketch.addText(spell(i));
      for (let i = 0; i < n; i += 7) sketch.addText(spell(i));
      return sketch;
    });
    const numbers = [(i: number) => i, (i: number) => -i / 8, (i: number) => i * 1e-9].map((spell) => {
      const sketch = new DistinctSketch();
      for (let i = 0; i < n; i++) sketch.addNumber(spell(i));
      return sketch;
    });
    for (const sketch of [...sketches, ...numbers]) {
      // 3 % is 3.7 standard errors; the values, and so the outcome, are always the same.
      expect(Math.abs(sketch.estimate() - n)).toBeLessThanOrEqual(n * 0.03);
    }
  });
});

describe('QuantileSketch', () => {
  it('is within its relative error of the value at that rank, for any numbers', () => {
    const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 }), {
      minLength: 1,
      maxLength: 300,
    });
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
        const sketch = new QuantileSketch();
        for (const value of values) sketch.add(value);
        const exact = values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? NaN;
        const error = Math.abs(sketch.quantile(share) - exact);
        expect(error).toBeLessThanOrEqual(Math.abs(exact) * (relativeError + 1e-9) + Number.MIN_VALUE);
      }),
    );
  });

  it('holds the largest and smallest doubles, and stays accurate at the large end when buckets run out', () => {
    const sketch = new QuantileSketch();
    for (let exponent = -1074; exponent < 1024; exponent += 0.25) sketch.add(2 ** exponent);
    sketch.add(Number.MAX_VALUE);
    sketch.add(Number.MIN_VALUE);
    expect(sketch.quantile(1) / Number.MAX_VALUE).toBeCloseTo(1, 1);
    expect(sketch.quantile(0.95) / 2 ** (1024 - 0.05 * 2098)).toBeCloseTo(1, 0);
  });
});

describe('FrequentValues', () => {
  it('never counts too much, and misses no more than it says, for any stream', () => {
    const stream = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 400 });
    fc.assert(
      fc.property(stream, fc.integer({ min: 2, max: 12 }), (stream, capacity) => {
        const values = new FrequentValues();
        const exact = new Map<string, number>();
        for (const value of stream) {
          const key = String(value);
          exact.set(key, (exact.get(key) ?? 0) + 1);
          if (!values.get(key) && values.size >= capacity) values.shrink();
          const counter = values.get(key) ?? values.hold(key, NaN, false);
          counter.count++;
        }
        expect(values.missed).toBeLessThanOrEqual((2 * stream.length) / capacity);
        for (const [key, count] of exact) {
          const counter = values.get(key) ?? { count: 0, missed: values.missed };
          expect(counter.count).toBeLessThanOrEqual(count);
          expect(counter.count + counter.missed).toBeGreaterThanOrEqual(count);
        }
      }),
    );
  });
});

describe('a column with more values than it can hold', () => {
  it('says which figures are estimates, and keeps the others exact', () => {
    const column = new Column(() => 100);
    for (let i = 1; i <= 10_000; i++) column.addText(String(i));
    const summary = summarise(column, 10_001);
    expect(summary).toMatchObject({
      type: 'number',
      count: 10_000,
      missing: 1,
      min: 1,
      max: 10_000,
      mean: 5000.5,
    });
    expect(summary.approximate).toEqual(['distinct', 'p50', 'p95', 'top', 'histogram']);
    expect(Math.abs(summary.distinct - 10_000)).toBeLessThan(300);
    expect(Math.abs((summary.p50 ?? 0) - 5000)).toBeLessThan(52);
    expect(Math.abs((summary.p95 ?? 0) - 9500)).toBeLessThan(97);
  });

  it('knows when its frequent values are still exact', () => {
    const column = new Column(() => 200);
    for (let i = 0; i < 20_000; i++) {
      column.addText(`frequent ${i % 10}`);
      if (i % 10 === 0) column.addText(`rare ${i}`);
    }
    const summary = summarise(column, 22_000);
    expect(summary.approximate).toEqual(['distinct']);
    expect(summary.top).toEqual(
      Array.from({ length: 10 }, (_, i) => ({ value: `frequent ${i}`, count: 2000 })),
    );
  });

  it('says that its frequent values are estimates when others may have been as frequent', () => {
    const column = new Column(() => 200);
    for (let i = 0; i < 5000; i++) column.addText(`value ${i % 1000}`);
    expect(summarise(column, 5000).approximate).toEqual(['distinct', 'top']);
  });

  it('drops values when its capacity shrinks', () => {
    let capacity = 1000;
    const column = new Column(() => capacity);
    for (let i = 0; i < 900; i++) column.addText(`a${i}`);
    capacity = 100;
    for (let i = 0; i < 900; i++) column.addText(`b${i}`);
    expect(column.values.size).toBeLessThanOrEqual(100);
    expect(Math.abs(summarise(column, 1800).distinct - 1800)).toBeLessThan(60);
  });
});
