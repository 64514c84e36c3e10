import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTaskTypes } from '../../../activities/types/index.ts';
import type { ColumnSummary } from '../../../activities/types/process-data/column-summary.ts';
import { createContext, failureOf } from './support.ts';

const types = createTaskTypes({ dataDir: undefined, httpAllowHosts: [] });

interface Result {
  message: string;
  rows: number;
  columns: Record<string, ColumnSummary>;
}

async function processData(payload: unknown, context = createContext()): Promise<Result> {
  const result = await types.get('process-data')?.run(context, payload);
  // As a client gets it, in JSON.
  return JSON.parse(JSON.stringify(result)) as Result;
}

const message = 'Data processed successfully';
const nothing = { min: null, max: null, mean: null, p50: null, p95: null };

describe('process-data', () => {
  it('returns only the message if there is no data', async () => {
    expect(await processData({})).toEqual({ message });
  });

  it('rejects several sources at once', async () => {
    const check = await types.get('process-data')?.check({ csv: 'a\n1', rows: [] });
    expect(check?.errors).toEqual([
      { pointer: '/payload', message: 'Give rows, csv or file, but only one of them' },
    ]);
  });

  it('rejects a row that is not an object', async () => {
    expect((await types.get('process-data')?.check({ rows: [{}, [1]] }))?.errors).toEqual([
      { pointer: '/payload/rows/1', message: 'A row must be an object with a property for each column' },
    ]);
  });

  it('says that files are not enabled', async () => {
    const failure = await failureOf(processData({ file: 'a.csv' }));
    expect(failure).toMatchObject({
      retryable: false,
      message: 'Files are not enabled: TASKBELL_DATA_DIR is not set',
    });
  });

  it('summarises numbers', async () => {
    const { rows, columns } = await processData({ csv: 'n\n1\n2.0\n2\n10\n-3e1\n' });
    expect(rows).toBe(5);
    expect(columns).toEqual({
      n: {
        type: 'number',
        count: 5,
        missing: 0,
        distinct: 4,
        min: -30,
        max: 10,
        mean: -3,
        p50: 2,
        p95: expect.closeTo(8.4, 12),
        top: [
          { value: 2, count: 2 },
          { value: -30, count: 1 },
          { value: 1, count: 1 },
          { value: 10, count: 1 },
        ],
        histogram: { from: -30, to: 10, counts: [1, ...Array(14).fill(0), 1, 2, 0, 0, 1] },
      },
    });
  });

  it('orders dates by their instant and keeps their spelling', async () => {
    const csv = 'd\n2024-01-01T00:30:00+02:00\n2024-01-01\n2023-12-31T23:00:00Z\n';
    const { columns } = await processData({ csv });
    expect(columns['d']).toMatchObject({
      type: 'date',
      min: '2024-01-01T00:30:00+02:00',
      max: '2024-01-01',
      mean: null,
    });
  });

  it('reads offsets with and without minutes', async () => {
    const dates = [
      '2024-01-01 12:00:00+01',
      '2024-01-01T11:00:00Z',
      '2024-01-01 16:30+0530',
      '2024-01-01 08:00-03:00',
    ];
    const { columns } = await processData({ csv: `d\n${dates.join('\n')}` });
    const at = '2024-01-01T11:00:00.000Z';
    expect(columns['d']).toMatchObject({ type: 'date', histogram: { from_at: at, to_at: at, counts: [4] } });
  });

  it.each([
    ['a day that does not exist', '2024-02-30'],
    ['a zip code', '00501'],
    ['a telephone number', '+4930123456'],
    ['an integer that a double cannot hold', '12345678901234567890'],
    ['a number beyond the largest double', '1e999'],
    ['an hour that does not exist', '2024-01-01T24:30:00Z'],
    ['an offset that does not exist', '2024-01-01T12:30:00+99:99'],
    ['an offset with minutes that do not exist', '2024-01-01T12:30:00+0160'],
    ['an offset of one digit', '2024-01-01T12:30:00+1'],
  ])('treats %s as a string', async (_what, text) => {
    const { columns } = await processData({ csv: `a\n${text}` });
    expect(columns['a']).toMatchObject({ type: 'string', min: text, max: text, distinct: 1 });
  });

  it('treats a column of several types as strings, all of them counted as text', async () => {
    const { columns } = await processData({ rows: [{ a: 1 }, { a: '1' }, { a: true }, { a: { b: [1] } }] });
    expect(columns['a']).toMatchObject({
      type: 'string',
      distinct: 3,
      min: '1',
      max: '{"b":[1]}',
      top: [
        { value: '1', count: 2 },
        { value: 'true', count: 1 },
        { value: '{"b":[1]}', count: 1 },
      ],
    });
  });

  it('counts booleans together, whatever their case', async () => {
    const { columns } = await processData({ csv: 'b\nTRUE\ntrue\nFalse\n' });
    expect(columns['b']).toEqual({
      ...nothing,
      type: 'boolean',
      count: 3,
      missing: 0,
      distinct: 2,
      top: [
        { value: true, count: 2 },
        { value: false, count: 1 },
      ],
    });
  });

  it('counts empty, null and absent values as missing', async () => {
    const { rows, columns } = await processData({ rows: [{ a: '', b: 1 }, { a: null }, {}, { b: 2 }] });
    expect(rows).toBe(4);
    expect(columns['a']).toEqual({ ...nothing, type: 'empty', count: 0, missing: 4, distinct: 0, top: [] });
    expect(columns['b']).toMatchObject({ type: 'number', count: 2, missing: 2 });
  });

  it.each([' ', '\t', '   ', '\u00a0', '\u2003', ' \u00a0\t '])(
    'counts a cell of blanks as missing: %j',
    async (blank) => {
      const quoted = { csv: `a,b\n1,"${blank}"\n2,5\n3,7\n` };
      const plain = { csv: `a;b\n1;${blank}\n2;5\n3;7\n` };
      const rows = {
        rows: [
          { a: 1, b: blank },
          { a: 2, b: 5 },
          { a: 3, b: 7 },
        ],
      };
      for (const payload of [quoted, plain, rows]) {
        const { columns } = await processData(payload);
        expect(columns['b']).toMatchObject({ type: 'number', count: 2, missing: 1, mean: 6 });
      }
      const { columns } = await processData({ csv: `a,b\n1,${blank}\n` });
      expect(columns['b']).toMatchObject({ type: 'empty', missing: 1 });
    },
  );

  it('has the order of its columns, also of those whose names are integers', async () => {
    const result = await processData({ csv: 'country,2021,2019,a\nA,1,2,3\n' });
    expect(result).toMatchObject({ column_order: ['country', '2021', '2019', 'a'] });
  });

  it.each<[kind: string, values: readonly [string, string]]>([
    ['number', ['12', '7']],
    ['date', ['2024-01-01', '2024-01-02T00:00:00Z']],
    ['boolean', ['true', 'FALSE']],
  ])('judges a long text by all of it: %s', async (kind, [a, b]) => {
    const long = ' '.repeat(150);
    for (const csv of [`v\n${long}${a}\n${b}${long}\n${a}\n`, `v\n${a}${long}\n${long}${b}${long}\n${a}\n`]) {
      const { columns } = await processData({ csv });
      expect(columns['v']).toMatchObject({ type: kind, count: 3, distinct: 2 });
      expect(columns['v']?.top[0]).toMatchObject({ count: 2 });
    }
  });

  it('knows a number of more than a hundred digits by its value', async () => {
    const digits = '0.'.padEnd(150, '3');
    const { columns } = await processData({ csv: `v\n${digits}\n${digits}1\n0.5\n` });
    expect(columns['v']).toMatchObject({ type: 'number', min: 1 / 3, max: 0.5, distinct: 2 });
  });

  it('shows what is in a text with much space in front, and still distinguishes it', async () => {
    const long = ' '.repeat(150);
    const { columns } = await processData({
      rows: [{ a: `${long}x` }, { a: `${long}y` }, { a: `${long} y` }],
    });
    expect(columns['a']).toMatchObject({ type: 'string', distinct: 3, max: 'y…' });
    expect(columns['a']?.top.map(({ value }) => value).toSorted()).toEqual(['x…', 'y…', 'y…']);
  });

  it('keeps columns called __proto__ and constructor, and pollutes no prototype', async () => {
    const rows: unknown = JSON.parse('[{"__proto__": 1, "constructor": 2}, {"__proto__": 3}]');
    for (const payload of [{ rows }, { csv: '__proto__,constructor\n1,2\n3,\n' }]) {
      const { columns } = await processData(payload);
      expect(Object.keys(columns)).toEqual(['__proto__', 'constructor']);
      expect(Object.getOwnPropertyDescriptor(columns, '__proto__')?.value).toMatchObject({ mean: 2 });
    }
    expect(Object.prototype).not.toHaveProperty('mean');
  });

  it('cuts long values at a character and still distinguishes them', async () => {
    const start = '😀'.repeat(150);
    const { columns } = await processData({
      rows: [{ a: `${start}x` }, { a: `${start}y` }, { a: `${start}y` }],
    });
    const shown = `${'😀'.repeat(100)}…`;
    expect(columns['a']).toMatchObject({
      distinct: 2,
      min: shown,
      max: shown,
      top: [
        { value: shown, count: 2 },
        { value: shown, count: 1 },
      ],
    });
  });

  it('computes the mean of the largest numbers without an overflow', async () => {
    const { columns } = await processData({ rows: [{ a: 1.7e308 }, { a: 1.7e308 }, { a: 1.5e308 }] });
    expect((columns['a']?.mean ?? 0) / 1.6333333333333332e308).toBeCloseTo(1, 12);
  });

  it('rejects more columns than it can summarise', async () => {
    const wide = (n: number) => Array.from({ length: n }, (_, i) => `c${i}`).join(',');
    const failure = await failureOf(processData({ csv: wide(1001) }));
    expect(failure).toMatchObject({ type: 'InvalidData', retryable: false });
    expect(failure.message).toBe('The data have more than 1000 columns, which is the maximum');
    expect(Object.keys((await processData({ csv: wide(1000) })).columns)).toHaveLength(1000);
  });

  it('shortens a summary that would be larger than the maximum of a result', async () => {
    const context = createContext();
    const names = Array.from({ length: 400 }, (_, i) => `column ${i}`);
    const rows = Array.from({ length: 12 }, (_, i) =>
      Object.fromEntries(names.map((name) => [name, `${'ü'.repeat(99)}${i}${'\n'.repeat(50)}`])),
    );
    const result = await processData({ rows }, context);
    expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThanOrEqual(256 * 1024);
    expect(result.columns['column 7']).toMatchObject({ count: 12, distinct: 12, min: `${'ü'.repeat(20)}…` });
    expect(context.warnings).toHaveLength(1);
  });

  it('rejects column names that leave no room for a summary', async () => {
    const names = Array.from({ length: 900 }, (_, i) => `${'ü'.repeat(190)}${i}`);
    const failure = await failureOf(processData({ csv: names.join(',') }));
    expect(failure).toMatchObject({ type: 'InvalidData', retryable: false });
    expect(failure.message).toContain('too large for a result');
  });

  it('agrees with a plain computation on any numbers', async () => {
    const value = fc.oneof(
      fc.integer({ min: -20, max: 20 }),
      fc.double({ noNaN: true, min: -1e9, max: 1e9 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.option(value), { minLength: 1, maxLength: 60 }), async (values) => {
        const { columns } = await processData({ rows: values.map((a) => ({ a })) });
        const sorted = values
          .filter((a) => a !== null)
          .map((a) => a + 0)
          .sort((a, b) => a - b);
        const column = columns['a'];
        expect(column).toMatchObject({
          type: sorted.length === 0 ? 'empty' : 'number',
          count: sorted.length,
          missing: values.length - sorted.length,
          distinct: new Set(sorted).size,
          min: sorted[0] ?? null,
          max: sorted.at(-1) ?? null,
        });
        if (sorted.length === 0) return;
        const sum = sorted.reduce((a, b) => a + b);
        const scale = Math.max(...sorted.map(Math.abs), 1);
        expect(Math.abs((column?.mean ?? NaN) - sum / sorted.length) / scale).toBeLessThan(1e-12);
        expect(Math.abs((column?.p50 ?? NaN) - interpolated(sorted, 0.5)) / scale).toBeLessThan(1e-12);
        expect(Math.abs((column?.p95 ?? NaN) - interpolated(sorted, 0.95)) / scale).toBeLessThan(1e-12);
      }),
    );
  });

  it('agrees with a plain count on any strings, as CSV and as rows', async () => {
    const value = fc.string({ unit: 'grapheme', maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 60 }), async (values) => {
        const quoted = values.map((text) => `x,"${text.replaceAll('"', '""')}"`).join('\r\n');
        const rows = values.map((text) => ({ b: text, a: 'x' }));
        const counts = new Map<string, number>();
        for (const text of values) if (text.trim() !== '') counts.set(text, (counts.get(text) ?? 0) + 1);
        const ranked = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, 10);
        const asRows = (await processData({ rows })).columns['b'];
        expect(asRows?.distinct).toBe(counts.size);
        // "1" in CSV is a number, so only columns that are strings in both are the same in everything.
        const asCsv = (await processData({ csv: `\uFEFFa,b\r\n${quoted}` })).columns['b'];
        expect(asCsv?.count).toBe(asRows?.count);
        if (asRows?.type !== 'string' || asCsv?.type !== 'string') return;
        expect(asRows.top).toEqual(ranked.map(([value, count]) => ({ value, count })));
        expect(asCsv).toEqual(asRows);
      }),
    );
  });
});

function interpolated(sorted: readonly number[], share: number): number {
  const rank = share * (sorted.length - 1);
  const low = sorted[Math.floor(rank)] ?? NaN;
  const high = sorted[Math.ceil(rank)] ?? NaN;
  return low + (high - low) * (rank - Math.floor(rank));
}
