import { copyFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskContext } from '../../../activities/types/define.ts';
import { CheckpointWriter } from '../../../activities/types/process-data/checkpoint-writer.ts';
import {
  checkpointOf,
  parseCheckpoint,
  type Checkpoint,
} from '../../../activities/types/process-data/checkpoint.ts';
import type { ColumnSummary } from '../../../activities/types/process-data/column-summary.ts';
import { FrequentValues } from '../../../activities/types/process-data/frequent-values.ts';
import { createProcessData } from '../../../activities/types/process-data/index.ts';
import { Table } from '../../../activities/types/process-data/table.ts';
import type { JsonValue } from '../../../src/contract/json.ts';
import { maxCheckpointBytes } from '../../../src/contract/limits.ts';
import { createContext, failureOf, type RecordedContext } from './support.ts';

const vega = join(import.meta.dirname, '../../../node_modules/vega-datasets/data');
const dataDir = mkdtempSync(join(tmpdir(), 'taskbell-resume-'));
const type = createProcessData({ dataDir });
type Payload = Parameters<typeof type.run>[1];

/** Returns a result as a client gets it, in JSON. */
const kept = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const unbroken = async (payload: Payload) => kept(await type.run(createContext(), payload));

class SoftTimeLimitExceeded extends Error {
  override readonly name = 'SoftTimeLimitExceeded';
}
class WorkerShutdown extends Error {
  override readonly name = 'WorkerShutdown';
}

/** Returns a signal that fires at the handler's n-th check of it: between two chunks or two columns. */
function abortedAtCheck(n: number, reason: Error): AbortSignal {
  const controller = new AbortController();
  const { signal } = controller;
  let checks = 0;
  signal.throwIfAborted = () => {
    if (++checks >= n) controller.abort(reason);
    if (signal.aborted) throw signal.reason;
  };
  return signal;
}

/** A task whose attempts pass on their checkpoints. */
class Task {
  checkpoint: JsonValue | undefined;
  readonly contexts: RecordedContext[] = [];
  readonly payload: Payload;

  constructor(payload: Payload) {
    this.payload = payload;
  }

  get last(): RecordedContext {
    return this.contexts.at(-1) ?? createContext();
  }

  attempt(overrides: Partial<TaskContext> = {}): Promise<JsonValue> {
    const write = (value: JsonValue) => {
      const text = JSON.stringify(value);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxCheckpointBytes);
      this.checkpoint = JSON.parse(text) as JsonValue;
    };
    const context = createContext({ checkpoint: { read: () => this.checkpoint, write }, ...overrides });
    this.contexts.push(context);
    return type.run(context, this.payload);
  }

  /** Runs an attempt that ends at the n-th check of its signal. */
  async interrupt(checks: number, reason: Error = new SoftTimeLimitExceeded()): Promise<void> {
    await expect(this.attempt({ signal: abortedAtCheck(checks, reason) })).rejects.toBe(reason);
  }
}

/** Returns the outcome of a task that is interrupted at each of these checks, one attempt after another. */
async function broken(payload: Payload, checks: readonly number[]): Promise<unknown> {
  const task = new Task(payload);
  for (const [i, n] of checks.entries()) {
    const reason = i % 2 === 0 ? new WorkerShutdown() : new SoftTimeLimitExceeded();
    const outcome = await task
      .attempt({ signal: abortedAtCheck(n, reason) })
      .catch((error: unknown) => error);
    if (outcome !== reason) return kept(outcome);
    expectResumed(task.last, i > 0 && task.checkpoint !== undefined);
  }
  return kept(await task.attempt());
}

/** Checks that the attempt did not start over, whatever else it logged. */
function expectResumed({ warnings }: RecordedContext, resumable: boolean): void {
  expect(warnings.filter((line) => /starting over|from the start/.test(line))).toEqual([]);
  if (!resumable) return;
  expect(warnings.every((line) => /^Resumed at row \d+ \(\d+ %\)$/.test(line))).toBe(true);
}

beforeAll(() => {
  mkdirSync(join(dataDir, 'alice'));
  for (const name of [
    'zipcodes.csv',
    'birdstrikes.csv',
    'unemployment.tsv',
    'movies.json',
    'flights-20k.json',
  ]) {
    copyFileSync(join(vega, name), join(dataDir, 'alice', name));
  }
});

afterAll(() => rmSync(dataDir, { recursive: true }));

function writeFile(name: string, content: string | Buffer): string {
  writeFileSync(join(dataDir, 'alice', name), content);
  return name;
}

const check = fc.integer({ min: 1, max: 40 });
const checks = fc.array(check, { minLength: 1, maxLength: 5 });

describe('process-data resumes: real data', () => {
  it.each(['zipcodes.csv', 'birdstrikes.csv', 'unemployment.tsv', 'movies.json', 'flights-20k.json'])(
    'gives the same result for %s, however often and wherever it was interrupted',
    async (file) => {
      const expected = await unbroken({ file });
      await fc.assert(
        fc.asyncProperty(checks, async (checks) => {
          expect(await broken({ file }, checks)).toEqual(expected);
        }),
        { numRuns: 2 },
      );
    },
  );

  it('says where it resumes, and its progress continues from there', async () => {
    const task = new Task({ file: 'zipcodes.csv' });
    await task.interrupt(61);
    await task.attempt();
    const [line = '', ...others] = task.last.warnings;
    const [, row, percent] = /^Resumed at row (\d+) \((\d+) %\)$/.exec(line)?.map(Number) ?? [];
    expect(others).toEqual([]);
    // 30 chunks of 62: of 42,049 rows, about half.
    expect(row).toBeGreaterThan(18_000);
    expect(row).toBeLessThan(23_000);
    expect(percent).toBeGreaterThan(45);
    expect(percent).toBeLessThan(50);
    expect(task.last.percents[0]).toBe(percent);
    expect(task.last.percents).toEqual(task.last.percents.toSorted((a, b) => a - b));
    expect(task.last.percents.at(-1)).toBe(100);
  });

  it('reads nothing again when only the summary was interrupted', async () => {
    const task = new Task({ file: 'unemployment.tsv' });
    await task.interrupt(5);
    const expected = await unbroken(task.payload);
    expect(kept(await task.attempt())).toEqual(expected);
    expect(task.last.warnings).toEqual(['Resumed at row 3219 (100 %)']);
  });
});

/** Padding of rows, long enough that a few of them fill a chunk of 32 KiB. */
const padding = fc.integer({ min: 0, max: 12_000 }).map((length) => 'é'.repeat(length));
const field = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    '1',
    '1.0',
    '-0',
    '1e300',
    '2024-02-29',
    'TRUE',
    'a"b',
    'x,y',
    'l\nm',
    'l\r\nm',
    '\r',
    'l;m',
  ),
  fc.integer().map(String),
);
const lineEnd = fc.constantFrom('\n', '\r\n', '\r', '\n\n', '\r\n\r\n', '\r\r', '\n\r');
const quoted = (text: string) =>
  /^[\w. -]*$/.test(text) && text !== '' ? text : `"${text.replaceAll('"', '""')}"`;

/** CSV texts with rows as short as one field, each with its line end. */
const csv = fc
  .record({
    mark: fc.constantFrom('', '\uFEFF'),
    delimiter: fc.constantFrom(',', ';', '\t'),
    header: fc.tuple(fc.uniqueArray(fc.constantFrom('a', 'b', '', 'a\nb', 'x,y'), { minLength: 3 }), lineEnd),
    rows: fc.array(fc.tuple(fc.array(field, { maxLength: 2 }), padding, lineEnd), {
      minLength: 10,
      maxLength: 50,
    }),
  })
  .map(({ mark, delimiter, header: [names, end], rows }) => {
    const line = (fields: readonly string[], end: string) => fields.map(quoted).join(delimiter) + end;
    const body = rows.map(([fields, padding, end]) => line([padding, ...fields], end));
    return mark + line(names, end) + body.join('');
  });

describe('process-data resumes: any data', () => {
  it('gives the same result for any CSV text', async () => {
    await fc.assert(
      fc.asyncProperty(csv, checks, async (csv, checks) => {
        expect(await broken({ csv }, checks)).toEqual(await unbroken({ csv }));
      }),
      { numRuns: 30 },
    );
  });

  it('gives the same result for UTF-16 as Excel writes it', async () => {
    const lines = Array.from({ length: 9000 }, (_, i) => `${i};Köln ${i % 50};${i % 3 === 0 ? 'Ω' : ''}`);
    const file = writeFile('excel.csv', Buffer.from(`\uFEFFa;b;c\r\n${lines.join('\r\n')}`, 'utf16le'));
    const expected = await unbroken({ file });
    expect(expected).toMatchObject({ rows: 9000, columns: { b: { distinct: 50 } } });
    await fc.assert(
      fc.asyncProperty(checks, async (checks) => {
        expect(await broken({ file }, checks)).toEqual(expected);
      }),
      { numRuns: 10 },
    );
  });

  const cells = Array.from(
    { length: 9000 },
    (_, i) => [i, `Köln ${i % 50}`, i % 3 === 0 ? '€' : ''] as const,
  );
  const text = `sep=;\r\n\r\na;b;2021;c\r\n${cells.map(([a, b, c]) => `${a};${b};;${c}`).join('\r\n')}\r\n`;
  const cp1252 = Buffer.from(text.replaceAll('€', '\u0080'), 'latin1');
  const objects = cells.map(([a, b, c]) => `{"b":"${b}","2021":161052160414369${a + 1000},"c":"${c}"}`);
  it.each([
    ['the line that names the delimiter', 'sep.csv', Buffer.from(text), 'utf-8'],
    ['UTF-16 of the other order', 'be.csv', Buffer.from(`\uFEFF${text}`, 'utf16le').swap16(), 'utf-16be'],
    ['Windows-1252', 'cp1252.csv', cp1252, 'windows-1252'],
    ['JSON lines', 'lines.jsonl', Buffer.from(`${objects.join('\n')}\n`), 'utf-8'],
    ['a JSON array in UTF-16', 'be.json', Buffer.from(`\uFEFF[${objects.join()}]`, 'utf16le'), 'utf-16le'],
  ])('gives the same result for %s', async (_what, name, content, encoding) => {
    const file = writeFile(name, content);
    const expected = await unbroken({ file });
    expect(expected).toMatchObject({
      encoding,
      rows: 9000,
      columns: { b: { distinct: 50 }, c: { max: '€' } },
    });
    await fc.assert(
      fc.asyncProperty(checks, async (checks) => {
        expect(await broken({ file }, checks)).toEqual(expected);
      }),
      { numRuns: 4 },
    );
  });

  it('gives the same result for any JSON file', async () => {
    const value = fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' }), fc.double(), padding);
    const name = fc.constantFrom('a', 'b', '__proto__', '}', 'é');
    const row = fc.array(fc.tuple(name, value)).map((entries) => Object.fromEntries(entries));
    const rows = fc.array(fc.tuple(row, padding), { minLength: 5, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(rows, fc.constantFrom(0, 2), checks, async (rows, indent, checks) => {
        const text = JSON.stringify(
          rows.map(([row, padding]) => ({ ...row, padding })),
          null,
          indent,
        );
        const file = writeFile('any.json', text);
        expect(await broken({ file }, checks)).toEqual(await unbroken({ file }));
      }),
      { numRuns: 30 },
    );
  });

  it('gives the same result for numbers that no double holds, and bytes that are not UTF-8', async () => {
    const rows = Array.from(
      { length: 6000 },
      (_, i) => `{"n":${i % 2 === 0 ? '-' : ''}1e${i % 400},"u":-${i}.5e-320}`,
    );
    const latin1 = Buffer.from([0x22, 0xff, 0xc3, 0x22]);
    const parts = [`[${rows.join(',')},{"s":`, latin1, `},${rows.join(',')}]`].map((part) =>
      Buffer.from(part),
    );
    const file = writeFile('odd.json', Buffer.concat(parts));
    const expected = await unbroken({ file });
    for (let n = 1; n < 20; n += 2) expect(await broken({ file }, [n, 1, n])).toEqual(expected);
  });

  it('gives the same result for rows', async () => {
    const rows = Array.from({ length: 8000 }, (_, i) => ({
      id: i,
      [`c${i % 20}`]: i % 7,
      mixed: i % 2 ? i : String(i),
    }));
    const expected = await unbroken({ rows });
    await fc.assert(
      fc.asyncProperty(checks, async (checks) => {
        expect(await broken({ rows }, checks)).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });
});

describe('process-data resumes: errors', () => {
  const good = (n: number) => Array.from({ length: n }, (_, i) => `${i},"two\nlines"\r\n`).join('\n');

  it.each([
    ['a row that is too long', '1,2,3\n'],
    ['a quote inside a field', '1,x"y\n'],
    ['a quote that is never closed', '1,"xy\n'],
  ])('names the same line for %s after a resume', async (_what, bad) => {
    const csv = `a,b\n${good(20_000)}${bad}${good(10)}`;
    const expected = await failureOf(type.run(createContext(), { csv }));
    expect(expected.message).toMatch(/line 60\d{3}/i);
    for (const n of [3, 4, 7]) {
      const task = new Task({ csv });
      await task.interrupt(n);
      await task.interrupt(3);
      const failure = await failureOf(task.attempt());
      expectResumed(task.last, true);
      expect(failure.message).toBe(expected.message);
    }
  });

  it('names the same malformed JSON row after a resume', async () => {
    const rows = Array.from({ length: 5000 }, (_, i) => JSON.stringify({ i, a: 'some text' }));
    const file = writeFile('bad.json', `[${rows.join(',')},{"a":}]`);
    const task = new Task({ file });
    await task.interrupt(4);
    expect((await failureOf(task.attempt())).message).toContain('Row 5001 of the JSON is malformed');
  });

  it('rejects a row that is longer than the header even if it is the first one after the resume', async () => {
    const csv = `a,b\n${'1,2\n'.repeat(8192 - 1)}1,2,3\n`;
    const task = new Task({ csv });
    await task.interrupt(3);
    expect((await failureOf(task.attempt())).message).toBe('Line 8193 has more fields than the header');
  });
});

describe('process-data starts over', () => {
  async function interrupted(): Promise<Task> {
    const task = new Task({ file: writeFile('own.csv', `a,b\n${'1,x\n'.repeat(30_000)}`) });
    await task.interrupt(5);
    return task;
  }

  it.each([
    ['its size', `a,b\n${'1,x\n'.repeat(30_001)}`, 0, 30_001],
    ['its modification time', `a,b\n${'2,y\n'.repeat(30_000)}`, 5000, 30_000],
  ])('when the file has changed, as %s shows', async (_what, content, laterMs, rows) => {
    const task = await interrupted();
    writeFile('own.csv', content);
    const time = new Date(Date.now() + laterMs);
    utimesSync(join(dataDir, 'alice/own.csv'), time, time);
    const expected = await unbroken(task.payload);
    expect(kept(await task.attempt())).toEqual(expected);
    expect(expected).toMatchObject({ rows });
    expect(task.last.warnings).toEqual(['The data have changed since the checkpoint: starting over']);
  });

  it('when the payload was edited', async () => {
    const task = new Task({ csv: `a\n${'1\n'.repeat(40_000)}` });
    await task.interrupt(3);
    const edited = new Task({ csv: `a\n${'2\n'.repeat(40_000)}` });
    edited.checkpoint = task.checkpoint;
    expect(await edited.attempt()).toMatchObject({ columns: { a: { mean: 2 } } });
    expect(edited.last.warnings).toEqual(['The data have changed since the checkpoint: starting over']);
  });

  const whole = async () => (await interrupted()).checkpoint as unknown as Checkpoint;
  it.each<[string, (checkpoint: Checkpoint) => JsonValue]>([
    ['is of the previous version', (checkpoint) => ({ ...checkpoint, version: 2 })],
    ['is of a later version', (checkpoint) => ({ ...checkpoint, version: 4 })],
    ['is another handler’s', () => ({ row: 7 })],
    ['is not an object', () => 'row 7'],
    ['is cut off', (checkpoint) => ({ ...checkpoint, state: checkpoint.state.slice(0, 100) })],
    ['is not deflated', (checkpoint) => ({ ...checkpoint, state: 'AAAA' })],
    ['is not base64', (checkpoint) => ({ ...checkpoint, state: '{}' })],
    ['has no state', (checkpoint) => ({ ...checkpoint, state: '' })],
  ])('when the checkpoint %s', async (_what, damage) => {
    const checkpoint = await whole();
    const task = new Task({ file: 'own.csv' });
    task.checkpoint = damage(checkpoint);
    expect(await task.attempt()).toMatchObject({ rows: 30_000 });
    expect(task.last.warnings).toEqual([
      expect.stringMatching(/^The checkpoint cannot be read: starting over/),
    ]);
    expect(task.last.warnings[0]?.length).toBeLessThan(300);
  });

  it('when any one character of the checkpoint has changed', async () => {
    const checkpoint = await whole();
    const state = checkpoint.state;
    const expected = await unbroken({ file: 'own.csv' });
    await fc.assert(
      fc.asyncProperty(fc.nat(state.length - 1), fc.constantFrom('A', 'z', '/'), async (at, character) => {
        const task = new Task({ file: 'own.csv' });
        task.checkpoint = { ...checkpoint, state: state.slice(0, at) + character + state.slice(at + 1) };
        expect(kept(await task.attempt())).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });
});

describe('process-data writes a last checkpoint', () => {
  it.each([
    [new SoftTimeLimitExceeded(), true],
    [new WorkerShutdown(), true],
    [new Error('cancelled'), false],
    [new DOMException('This operation was aborted', 'AbortError'), false],
  ])('at %s: %s', async (reason, written) => {
    const task = new Task({ csv: `a\n${'1\n'.repeat(40_000)}` });
    await task.interrupt(3, reason);
    expect(task.checkpoint !== undefined).toBe(written);
  });

  it('not before it has read anything', async () => {
    const task = new Task({ csv: 'a\n1\n' });
    await task.interrupt(1);
    expect(task.checkpoint).toBeUndefined();
  });
});

/** Returns a function that makes texts in which deflate finds nothing to compress. */
function randomWords(length: number): (n: number) => string {
  const letters = fc.integer({ min: 0, max: 15 }).map((n) => String.fromCharCode(0x61 + n));
  const pieces = fc.array(letters, { minLength: 500, maxLength: 500 });
  const text = fc.sample(pieces, { numRuns: 40, seed: 1 }).flat().join('');
  return (n) => {
    const at = (n * 7919) % (text.length - length);
    return n.toString(36) + text.slice(at, at + length);
  };
}

function tableOf(columns: number, rows: number, value: (row: number, column: number) => string): Table {
  const table = new Table();
  const added = Array.from({ length: columns }, (_, i) => table.column(`column ${i}`));
  for (let row = 0; row < rows; row++) {
    table.rows++;
    for (const [i, column] of added.entries()) column.addText(value(row, i));
  }
  return table;
}

/** Returns values: 4,000 different ones in the first column, many more in the others, most of them rare. */
function skewed(): (row: number, column: number) => string {
  const word = randomWords(12);
  return (row, column) => {
    const share = ((row * 7919 + column) % 39_989) / 39_989;
    return column === 0 ? word(row % 4000) : word(Math.floor(20_000 * share ** 3) + column);
  };
}

describe('a checkpoint that is too large', () => {
  it('is not written, which is logged once: the previous one stays, and the result is the same', async () => {
    const word = randomWords(60);
    const lines = Array.from({ length: 4500 }, (_, i) =>
      i < 200 ? '1' : Array.from({ length: 20 }, (_, column) => word(i * 20 + column)).join(),
    );
    const header = Array.from({ length: 20 }, (_, i) => `c${i}`).join();
    const task = new Task({ csv: `${header}\n${lines.join('\n')}` });
    await task.interrupt(3);
    const first = task.checkpoint;
    expect(first).toBeDefined();
    await task.interrupt(200);
    expect(task.checkpoint).toBe(first);
    expect(
      task.last.warnings.filter((line) => line.includes('too many values for a checkpoint')),
    ).toHaveLength(1);
    expect(kept(await task.attempt())).toEqual(await unbroken(task.payload));
  });

  it('holds fewer values of the approximate columns, and all of the exact ones', async () => {
    const [columns, rows] = [16, 40_000];
    const table = tableOf(columns, rows, skewed());
    const checkpoint = await checkpointOf({ table, position: 1, line: 1 }, 'source');
    if ('tooLarge' in checkpoint) throw new Error(`It is too large: ${checkpoint.tooLarge}`);
    expect(JSON.stringify(checkpoint).length).toBeLessThanOrEqual(maxCheckpointBytes);
    const { at } = await parseCheckpoint(kept(checkpoint));
    expect(at.table.column('column 0').values.size).toBe(4000);
    expect(at.table.column('column 0').sketches).toBeUndefined();
    for (let i = 1; i < columns; i++) {
      const [before, after] = [table.column(`column ${i}`), at.table.column(`column ${i}`)];
      expect(after.values.size).toBeLessThan(before.values.size);
      // The listed values are among them.
      expect(after.values.size).toBeGreaterThanOrEqual(10);
      expect(after.sketches?.distinct.estimate()).toBe(before.sketches?.distinct.estimate());
    }
  });

  it('gives results within the documented bounds after coarse checkpoints, and the same exact figures', async () => {
    const value = skewed();
    const header = Array.from({ length: 16 }, (_, i) => `c${i}`).join();
    const lines = Array.from({ length: 30_000 }, (_, row) =>
      Array.from({ length: 16 }, (_, column) => value(row, column)).join(),
    );
    const payload = { csv: `${header}\n${lines.join('\n')}` };
    const exact = new Map<string, Map<string, number>>();
    for (let column = 1; column < 16; column++) {
      const counts = new Map<string, number>();
      for (let row = 0; row < lines.length; row++) {
        const text = value(row, column);
        counts.set(text, (counts.get(text) ?? 0) + 1);
      }
      exact.set(`c${column}`, counts);
    }
    type Result = { rows: number; columns: Record<string, ColumnSummary> };
    const expected = (await unbroken(payload)) as Result;
    const task = new Task(payload);
    await task.interrupt(181);
    const { at } = await parseCheckpoint(task.checkpoint);
    const fine = tableOf(16, at.table.rows, value);
    expect(at.table.column('c1').values.size).toBeLessThan(fine.column('column 1').values.size);
    await task.interrupt(61);
    await task.interrupt(41);
    const result = kept(await task.attempt()) as Result;
    expectResumed(task.last, true);
    expect(result.columns['c0']).toEqual(expected.columns['c0']);
    for (const [name, counts] of exact) {
      const summary = result.columns[name];
      const { top: _top, approximate, ...others } = summary ?? {};
      expect(expected.columns[name]).toMatchObject(others);
      for (const { value, count } of summary?.top ?? []) {
        const truth = counts.get(String(value)) ?? 0;
        expect(count).toBeLessThanOrEqual(truth);
        expect(count === truth || approximate?.includes('top')).toBe(true);
      }
    }
  });

  it('never counts too much, and misses no more than it says, for any stream saved coarsely at any time', () => {
    const stream = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 400 });
    const saves = fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 0, max: 8 })), { maxLength: 4 });
    fc.assert(
      fc.property(stream, fc.integer({ min: 2, max: 12 }), saves, (stream, capacity, saves) => {
        const shrinksAt = new Map(saves);
        let values = new FrequentValues();
        const exact = new Map<string, number>();
        for (const [i, value] of stream.entries()) {
          const key = String(value);
          exact.set(key, (exact.get(key) ?? 0) + 1);
          if (!values.get(key) && values.size >= capacity) values.shrink();
          const counter = values.get(key) ?? values.hold(key, NaN, false);
          counter.count++;
          const shrinks = shrinksAt.get(i);
          if (shrinks !== undefined) values = FrequentValues.restore(values.save(shrinks));
        }
        for (const [key, count] of exact) {
          const counter = values.get(key) ?? { count: 0, missed: values.missed };
          expect(counter.count).toBeLessThanOrEqual(count);
          expect(counter.count + counter.missed).toBeGreaterThanOrEqual(count);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('CheckpointWriter', () => {
  /** Creates a writer with a clock that moves only with `after`, and by `savingMs` at each write. */
  function setUp(savingMs: number) {
    let now = 0;
    let written = 0;
    const write = () => {
      written++;
      now += savingMs;
    };
    const context = createContext({ checkpoint: { read: () => undefined, write } });
    const at = { table: tableOf(1, 10, String), position: 1, line: 1 };
    const writer = new CheckpointWriter(context, 'source', at, () => now);
    const after = async (ms: number) => {
      now += ms;
      at.position++;
      await writer.writeIfDue();
      return written;
    };
    return { after, at, writer, written: () => written };
  }

  it('writes every two seconds', async () => {
    const { after } = setUp(10);
    expect(await after(1999)).toBe(0);
    expect(await after(1)).toBe(1);
    expect(await after(1999)).toBe(1);
    expect(await after(1)).toBe(2);
  });

  it('waits twenty times as long as saving took', async () => {
    const { after } = setUp(400);
    expect(await after(2000)).toBe(1);
    expect(await after(7999)).toBe(1);
    expect(await after(1)).toBe(2);
  });

  it('does not write the same checkpoint twice', async () => {
    const { after, at, writer } = setUp(10);
    expect(await after(2000)).toBe(1);
    at.position--;
    at.position++;
    await writer.writeIfDue();
    expect(await after(0)).toBe(1);
  });

  it('writes no last checkpoint if that would take longer than the handler has left', async () => {
    for (const [savingMs, expected] of [
      [1000, 2],
      [1001, 1],
    ] as const) {
      let now = 0;
      let written = 0;
      const write = () => {
        written++;
        now += savingMs;
      };
      const signal = AbortSignal.abort(new WorkerShutdown());
      const context = createContext({ checkpoint: { read: () => undefined, write }, signal });
      const at = { table: tableOf(1, 10, String), position: 1, line: 1 };
      const writer = new CheckpointWriter(context, 'source', at, () => now);
      now = 2000;
      at.position = 2;
      await writer.writeIfDue();
      at.position = 3;
      await writer.writeLast();
      expect(written).toBe(expected);
    }
  });
});
