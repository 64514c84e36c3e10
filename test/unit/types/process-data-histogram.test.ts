import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { Column } from '../../../activities/types/process-data/column.ts';
import { summarise, type ColumnSummary } from '../../../activities/types/process-data/column-summary.ts';
import { HistogramSketch } from '../../../activities/types/process-data/histogram-sketch.ts';
import { createProcessData } from '../../../activities/types/process-data/index.ts';
import { savedTable } from '../../../activities/types/process-data/saved-table.ts';
import type { JsonValue } from '../../../src/contract/json.ts';
import { maxResultBytes } from '../../../src/contract/limits.ts';
import { createContext } from './support.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'taskbell-histogram-'));
mkdirSync(join(dataDir, 'alice'));
const type = createProcessData({ dataDir });
afterAll(() => rmSync(dataDir, { recursive: true }));

interface Result {
  readonly rows: number;
  readonly columns: Record<string, ColumnSummary>;
}

async function processData(
  payload: Parameters<typeof type.run>[1],
  context = createContext(),
): Promise<Result> {
  // As a client gets it, in JSON.
  return JSON.parse(JSON.stringify(await type.run(context, payload))) as Result;
}

/** Writes the values as a column `a` of a file. */
function fileOf(values: readonly (string | number)[]): string {
  writeFileSync(join(dataDir, 'alice/values.csv'), `a,b\n${values.map((value) => `${value},x\n`).join('')}`);
  return 'values.csv';
}

async function histogramOf(values: readonly (string | number)[]) {
  const { columns } = await processData({ file: fileOf(values) });
  return columns['a']?.histogram;
}

/** Creates a column that holds at most this many different values exactly. */
function columnOf(values: Iterable<string | number>, capacity = Infinity): Column {
  const column = new Column(() => capacity);
  for (const value of values) column.addJson(value);
  return column;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((a, b) => a + b, 0);
}

/** Returns 20 bins, empty but for these. */
function bins(filled: Record<number, number>): number[] {
  return Array.from({ length: 20 }, (_, i) => filled[i] ?? 0);
}

const double = fc.oneof(
  fc.integer({ min: -50, max: 50 }),
  fc.double({ noNaN: true, min: -1e6, max: 1e6 }),
  fc.integer({ min: 1.7e12, max: 1.7e12 + 1000 }),
);
const anyDouble = fc.oneof(double, fc.double({ noNaN: true, noDefaultInfinity: true }));
const doubles = (minLength: number) => fc.array(anyDouble, { minLength, maxLength: 300 });

describe('the histogram of a column', () => {
  it('has 20 bins of equal width, from the smallest to the largest value', async () => {
    expect(await histogramOf([0, 4.9, 5, 5, 99, 100])).toEqual({
      from: 0,
      to: 100,
      counts: bins({ 0: 2, 1: 2, 19: 2 }),
    });
  });

  it('has negative numbers on the left', async () => {
    const counts = bins({ 0: 2, 9: 1, 10: 1, 19: 1 });
    expect(await histogramOf([-10, -9.5, -0.5, '-0', 10])).toEqual({ from: -10, to: 10, counts });
  });

  it('holds numbers whose distance exceeds the largest double', async () => {
    const counts = bins({ 0: 1, 10: 2, 15: 1, 19: 1 });
    expect(await histogramOf([-1e308, 0, 1, 5e307, 1e308])).toEqual({ from: -1e308, to: 1e308, counts });
  });

  it('has one bin when all values are the same', async () => {
    expect(await histogramOf([7, 7.0, '7e0'])).toEqual({ from: 7, to: 7, counts: [3] });
  });

  it('orders dates by their instants, and gives its ends as they were written, and in UTC', async () => {
    expect(
      await histogramOf(['2024-01-11', '2024-01-01T02:00+02:00', '2024-01-21', '2024-01-20T12:00:00Z']),
    ).toEqual({
      from: '2024-01-01T02:00+02:00',
      to: '2024-01-21',
      from_at: '2024-01-01T00:00:00.000Z',
      to_at: '2024-01-21T00:00:00.000Z',
      counts: bins({ 0: 1, 10: 1, 19: 2 }),
    });
  });

  it('has one bin for one instant, however it is written', async () => {
    const counts = [2];
    const [from, to] = ['2024-01-01T00:00Z', '2024-01-01T00:00Z'];
    const at = '2024-01-01T00:00:00.000Z';
    const expected = { from, to, from_at: at, to_at: at, counts };
    expect(await histogramOf(['2024-01-01T00:00Z', '2024-01-01'])).toEqual(expected);
  });

  it.each([
    ['no values', ['', '']],
    ['text', ['x', 'y']],
    ['booleans', ['true', 'false']],
    ['numbers and dates', ['1', '2024-01-01']],
    ['numbers and text', ['1', 'x']],
  ])('does not exist for %s', async (_what, values) => {
    const { columns } = await processData({ file: fileOf(values) });
    expect(columns['a']).toMatchObject({ count: values.filter((value) => value !== '').length });
    expect(columns['a']).not.toHaveProperty('histogram');
  });

  it('agrees with a plain count for any numbers, and leaves out missing values', async () => {
    const values = fc.array(fc.option(double), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(values, async (values) => {
        const { columns } = await processData({ rows: [{ a: 0 }, ...values.map((a) => ({ a }))] });
        const { min, max, histogram } = columns['a'] ?? {};
        const [from, to] = [Number(min), Number(max)];
        const numbers = [0, ...values.filter((value) => value !== null)];
        const among = (i: number) => (value: number) =>
          value >= from + (to - from) * (i / 20) && (i === 19 || value < from + (to - from) * ((i + 1) / 20));
        const counts = Array.from({ length: 20 }, (_, i) => numbers.filter(among(i)).length);
        expect(histogram).toEqual({ from, to, counts: from === to ? [numbers.length] : counts });
      }),
    );
  });

  it('exists for dates with much space around them', async () => {
    const rows = [{ a: `${' '.repeat(200)}2024-01-01` }, { a: '2024-01-02' }];
    const { columns } = await processData({ rows });
    expect(columns['a']).toMatchObject({ type: 'date', min: '2024-01-01', histogram: { to: '2024-01-02' } });
  });
});

describe('the histogram of a column with more values than it can hold', () => {
  it('has every value in its bin, or in the one below if it is near the edge, for any numbers', () => {
    fc.assert(
      fc.property(doubles(1), fc.integer({ min: 2, max: 20 }), (values, capacity) => {
        const { histogram, min, max, approximate } = summarise(columnOf(values, capacity), values.length);
        const { counts, ...ends } = histogram ?? { counts: [] };
        const [from, to] = [Number(min), Number(max)];
        expect(ends).toEqual({ from: min, to: max });
        expect(counts).toHaveLength(from === to ? 1 : 20);
        expect(sum(counts)).toBe(values.length);
        expect(approximate?.includes('histogram') ?? false).toBe(new Set(values).size > capacity);
        for (const i of counts.slice(0, -1).keys()) {
          const share = (i + 1) / 20;
          const [edge, further] = [share, share + 1 / 500].map((at) => from * (1 - at) + to * at);
          const below = sum(counts.slice(0, i + 1));
          // The edges themselves are rounded.
          const slack = Math.max(Math.abs(from), Math.abs(to)) * 1e-15 + 4 * Number.MIN_VALUE;
          const least = values.filter((value) => value < (edge ?? NaN) - slack).length;
          const most = values.filter((value) => value < (further ?? NaN) + slack).length;
          expect(below).toBeGreaterThanOrEqual(least);
          expect(below).toBeLessThanOrEqual(most);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('shows the distribution of instants within one day, though they differ only from the fifth digit on', () => {
    const day = Date.parse('2024-05-01T00:00:00Z');
    // Twice as many in the second half of the day.
    const times = Array.from(
      { length: 9000 },
      (_, i) => day + (i < 3000 ? i * 14_400 : i * 7200 + 21_600_000),
    );
    const numbers = summarise(columnOf(times, 100), times.length).histogram?.counts ?? [];
    const dates = times.map((time) => new Date(time).toISOString());
    const summary = summarise(columnOf(dates, 100), dates.length);
    expect(summary).toMatchObject({ type: 'date', histogram: { from: dates[0], to: dates.at(-1) } });
    expect(summary.approximate).toEqual(['distinct', 'top', 'histogram']);
    for (const counts of [numbers, summary.histogram?.counts ?? []]) {
      expect(sum(counts)).toBe(9000);
      for (const [i, count] of counts.entries()) {
        expect(Math.abs(count - (i < 10 ? 300 : 600))).toBeLessThan(30);
      }
    }
  });

  it('is exact for integers within a range of less than 500', () => {
    const values = Array.from({ length: 500 }, (_, i) => 1e6 + i);
    const { histogram } = summarise(columnOf(values, 100), 500);
    expect(histogram).toEqual(summarise(columnOf(values), 500).histogram);
    expect(histogram?.counts).toHaveLength(20);
  });

  it('includes all dates from before the column was full, and all after a restore', () => {
    const dates = Array.from({ length: 300 }, (_, i) => new Date(i * 86_400_000).toISOString());
    const column = restored(columnOf(dates, 400), 100);
    for (const date of dates) column.addText(date);
    column.addText('1971-01-01');
    const { histogram, approximate } = summarise(column, 601);
    expect(approximate).toContain('histogram');
    expect(sum(histogram?.counts ?? [])).toBe(601);
  });

  it('is the same no matter when the column was saved and restored', () => {
    const values = fc.oneof(
      doubles(1),
      fc.array(
        fc.date({ noInvalidDate: true, min: new Date(0) }).map((date) => date.toISOString()),
        {
          minLength: 1,
          maxLength: 100,
        },
      ),
    );
    fc.assert(
      fc.property(values, fc.nat(300), fc.integer({ min: 2, max: 20 }), (values, at, capacity) => {
        const column = restored(columnOf(values.slice(0, at), capacity), capacity);
        for (const value of values.slice(at)) column.addJson(value);
        const { length } = values;
        expect(summarise(column, length)).toEqual(summarise(columnOf(values, capacity), length));
      }),
    );
  });
});

/** Restores a column as from a checkpoint. */
function restored(column: Column, capacity: number): Column {
  const saved: unknown = JSON.parse(
    JSON.stringify({ rows: 0, shortRows: 0, columns: [['a', column.save(0)]] }),
  );
  const [[, again] = []] = savedTable.parse(saved).columns;
  if (again === undefined) throw new Error('The checkpoint has no column');
  return Column.restore(again, () => capacity);
}

describe('HistogramSketch', () => {
  const sketchOf = (values: readonly number[]) => {
    const sketch = new HistogramSketch();
    for (const value of values) sketch.add(value);
    return sketch;
  };

  it('has the same contents for any order of values', () => {
    fc.assert(
      fc.property(doubles(0), (values) => {
        const saved = sketchOf(values).save();
        expect(sketchOf(values.toReversed()).save()).toEqual(saved);
        expect(sketchOf(values.toSorted((a, b) => a - b)).save()).toEqual(saved);
      }),
    );
  });

  it('has at most 1024 cells, and each number in the cell that it belongs to', () => {
    fc.assert(
      fc.property(doubles(1), (values) => {
        const sketch = sketchOf(values);
        const { exponent, counts } = sketch.save();
        const width = 2 ** exponent;
        expect(counts.length).toBeLessThanOrEqual(1024);
        const expected = new Map<number, number>();
        for (const value of values) {
          // A tiny quotient is rounded to zero.
          const start =
            (value < 0 ? Math.min(Math.floor(value / width), -1) : Math.floor(value / width)) * width;
          expected.set(start, (expected.get(start) ?? 0) + 1);
        }
        expect([...sketch.cells()]).toEqual([...expected].sort(([a], [b]) => a - b));
      }),
    );
  });

  it('holds the smallest and the largest doubles, positive and negative', () => {
    const values = [Number.MIN_VALUE, 0, -Number.MIN_VALUE, -1e-300, 1, Number.MAX_VALUE, -Number.MAX_VALUE];
    expect([...sketchOf(values).cells()]).toEqual([
      // That cell starts at -2^1024.
      [-Infinity, 1],
      [-(2 ** 1015), 2],
      [0, 3],
      [511 * 2 ** 1015, 1],
    ]);
  });
});

describe('a result near its maximum size', () => {
  const wide = (columns: number, rows: number) => ({
    rows: Array.from({ length: rows }, (_, row) =>
      Object.fromEntries(Array.from({ length: columns }, (_, i) => [`column ${i}`, row + i / 7])),
    ),
  });

  it('drops all histograms before anything else', async () => {
    const context = createContext();
    const { columns } = await processData(wide(400, 11), context);
    expect(Buffer.byteLength(JSON.stringify(columns))).toBeLessThanOrEqual(maxResultBytes);
    expect(Object.keys(columns)).toHaveLength(400);
    for (const column of Object.values(columns)) {
      expect(column.top).toHaveLength(10);
      expect(column).not.toHaveProperty('histogram');
    }
    expect(context.warnings).toEqual(['The summary is large: histograms are left out']);
  });

  it('keeps its histograms as long as there is room', async () => {
    const context = createContext();
    const { columns } = await processData(wide(300, 11), context);
    expect(Object.values(columns).every(({ histogram }) => sum(histogram?.counts ?? []) === 11)).toBe(true);
    expect(context.warnings).toEqual([]);
  });

  it('does not list the histograms that it drops as estimates', async () => {
    const { columns } = await processData(wide(1000, 150));
    expect(columns['column 999']).toMatchObject({
      count: 150,
      approximate: ['distinct', 'p50', 'p95', 'top'],
    });
    expect(columns['column 999']).not.toHaveProperty('histogram');
  });
});

describe('process-data resumes', () => {
  it('with histograms of numbers and dates as if it had not been interrupted', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => {
      const number = Math.tan(i) * 100;
      return `${number},${new Date(1.6e12 + Math.round(Math.sin(i) * 1e10)).toISOString()}`;
    });
    const payload = { csv: `n,d\n${lines.join('\n')}\n` };
    const expected = await processData(payload);
    let checkpoint: JsonValue | undefined;
    const saves = { read: () => checkpoint, write: (value: JsonValue) => void (checkpoint = value) };
    const reason = Object.assign(new Error('stop'), { name: 'WorkerShutdown' });
    for (const checks of [9, 15]) {
      const controller = new AbortController();
      const { signal } = controller;
      let left = checks;
      signal.throwIfAborted = () => {
        if (--left <= 0) controller.abort(reason);
        if (signal.aborted) throw signal.reason;
      };
      const context = createContext({ checkpoint: saves, signal });
      await expect(type.run(context, payload)).rejects.toBe(reason);
    }
    const context = createContext({ checkpoint: saves });
    const result = await processData(payload, context);
    expect(context.warnings).toEqual([expect.stringMatching(/^Resumed at row /)]);
    expect(result).toEqual(expected);
    for (const name of ['n', 'd']) {
      expect(result.columns[name]?.approximate).toContain('histogram');
      expect(sum(result.columns[name]?.histogram?.counts ?? [])).toBe(20_000);
    }
  });
});
