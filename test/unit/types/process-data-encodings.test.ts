import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { TaskFailure } from '../../../activities/types/define.ts';
import { createProcessData } from '../../../activities/types/process-data/index.ts';
import { createContext, failureOf } from './support.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'taskbell-encodings-'));
mkdirSync(join(dataDir, 'alice'));
const type = createProcessData({ dataDir });

afterAll(() => rmSync(dataDir, { recursive: true }));

function read(content: Buffer | string, name = 'data.csv') {
  writeFileSync(join(dataDir, 'alice', name), content);
  return type.run(createContext(), { file: name });
}

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16();
function utf32(text: string, write: 'writeUInt32LE' | 'writeUInt32BE'): Buffer {
  const codes = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  const bytes = Buffer.alloc(codes.length * 4);
  for (const [i, code] of codes.entries()) bytes[write](code, i * 4);
  return bytes;
}

const writers: Readonly<Record<string, (text: string) => Buffer>> = {
  'utf-8': (text) => Buffer.from(text),
  'utf-16le': (text) => Buffer.from(text, 'utf16le'),
  'utf-16be': utf16be,
  'utf-32le': (text) => utf32(text, 'writeUInt32LE'),
  'utf-32be': (text) => utf32(text, 'writeUInt32BE'),
};

describe('process-data: the encoding of a file', () => {
  it.each(Object.keys(writers))('is %s by its byte order mark, wherever the chunks end', async (encoding) => {
    const write = writers[encoding] ?? Buffer.from;
    const cell = fc.constantFrom('é', '日本', '😀', '"', 'x', '\uFFFD', '\u2200');
    const cells = fc.array(fc.array(cell, { minLength: 1, maxLength: 9000 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(cells, async (cells) => {
        const values = cells.map((characters) => characters.join(''));
        const lines = values.map((value) => `"${value.replaceAll('"', '""')}",1\r\n`);
        const rows = values.map((value) => ({ Käse: value, n: '1' }));
        const result = await read(write(`\uFEFFKäse,n\r\n${lines.join('')}`));
        expect(result).toMatchObject({ encoding, rows: values.length });
        const { columns } = (await type.run(createContext(), { rows })) as { columns: { Käse: object } };
        expect(result).toMatchObject({ columns: { Käse: columns.Käse } });
      }),
      { numRuns: 8 },
    );
  });

  it.each(Object.keys(writers))('is recognised in %s without a mark, in CSV and JSON', async (encoding) => {
    const write = writers[encoding] ?? Buffer.from;
    const expected = { encoding, rows: 1, columns: { name: { min: 'Żółw' } } };
    expect(await read(write('name,n\nŻółw,1\n'))).toMatchObject(expected);
    expect(await read(write('[{"name":"Żółw"}]'), 'data.json')).toMatchObject(expected);
  });

  it('is windows-1252 if it is not UTF-8 and all bytes fit, which a warning says', async () => {
    const text = `price\n\x80 5,\x96\x85\nÀ Ý ÿ\n${'x\n'.repeat(40_000)}caf\xe9\n`;
    const warnings = [expect.stringMatching(/^The file is not UTF-8, so it was read as Windows-1252/)];
    const columns = { price: { distinct: 4, max: 'À Ý ÿ' } };
    expect(await read(latin1(text.replace(',', ' ')))).toMatchObject({
      encoding: 'windows-1252',
      warnings,
      columns: { price: { ...columns.price, max: '€ 5 –…' } },
    });
  });

  it('may have a few bytes in windows-1252 that happen to be a character of UTF-8', async () => {
    // The bytes of É and a closing quotation mark are a letter in UTF-8.
    const lines = latin1('name\n\x93CAF\xc9\x94\nr\xe9sum\xe9\nna\xefve\n');
    expect(await read(lines)).toMatchObject({
      encoding: 'windows-1252',
      columns: { name: { max: '“CAFÉ”' } },
    });
  });

  it.each([
    ['a character of UTF-8 that is cut off at the end', latin1('a\nK\xc3\xb6ln\nZ\xc3'), /Line 3 .*cut off/],
    ['a cut character, and none before it', latin1('a\nZ\xe2\x82'), /Line 2 .*cut off/],
    [
      'a broken character in UTF-8',
      latin1('a\nK\xc3\xb6ln\nr\xe9sum\xc3\xa9\n'),
      /UTF-8, except for line 3 \(byte 0xE9\)/,
    ],
    [
      'a late broken character in UTF-8',
      latin1(`a\n${'K\xc3\xb6ln\n'.repeat(60_000)}\xff\n`),
      /line 60002 \(byte 0xFF\)/,
    ],
    ['surrogates in UTF-8', latin1('a\n\xed\xa0\xbd\xed\xb8\x80\n'), /except for line 2 \(byte 0xED\)/],
    ['overlong forms', latin1('a\n1\n\xc0\xaf\n'), /except for line 3 \(byte 0xC0\)/],
    [
      'a byte order mark of UTF-8, and other bytes',
      latin1('\xef\xbb\xbfa\nK\xf6ln\n'),
      /except for line 2 \(byte 0xF6\)/,
    ],
    [
      'bytes that no encoding has',
      latin1('a\nb\n\x93\xfa\x96\x7b\x8c\xea\n\x81\x40\n'),
      /neither UTF-8 nor Windows-1252: line 4 .*\(0x81\)/,
    ],
    ['lines that end in returns', latin1('a\rb\r\x81\xf0\r'), /line 3/],
    [
      'half a character of UTF-16',
      Buffer.from([0xff, 0xfe, 0x61, 0, 0x0a, 0, 0x61, 0xd8, 0x62, 0]),
      /Line 2 is not valid UTF-16LE/,
    ],
    [
      'a UTF-16 file with an odd number of bytes',
      Buffer.from([0xfe, 0xff, 0, 0x61, 0, 0x0a, 0]),
      /Line 2 is not valid UTF-16BE.*end/,
    ],
    [
      'a surrogate at the end of UTF-16',
      Buffer.from([0xff, 0xfe, 0x61, 0, 0x0a, 0, 0x3d, 0xd8]),
      /Line 2 is not valid UTF-16LE/,
    ],
    [
      'a number beyond Unicode in UTF-32',
      Buffer.concat([utf32('\uFEFFa\n', 'writeUInt32LE'), Buffer.from([0, 0, 0, 1])]),
      /Line 2 is not valid UTF-32LE/,
    ],
  ])('is rejected with its line for %s, in CSV and JSON', async (_what, bytes, message) => {
    for (const name of ['data.csv', 'data.json']) {
      const failure = await failureOf(read(bytes, name));
      expect(failure).toMatchObject({ type: 'InvalidData', retryable: false });
      expect(failure.message).toMatch(message);
    }
  });

  it('never replaces a character: any bytes are read or rejected', async () => {
    const piece = fc.oneof(
      fc.constantFrom('é', '😀', 'x', '€').map((text) => Buffer.from(text)),
      fc.integer({ min: 0x80, max: 0xff }).map((byte) => Buffer.from([byte])),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 12 }), async (pieces) => {
        const bytes = Buffer.concat([Buffer.from('a\n'), ...pieces, Buffer.from('.\n')]);
        const outcome = await read(bytes).catch((error: unknown) => error);
        const rejected = outcome instanceof TaskFailure && outcome.type === 'InvalidData';
        expect(rejected || JSON.stringify(outcome).includes('"rows":1')).toBe(true);
        expect(JSON.stringify(outcome)).not.toContain('\uFFFD');
      }),
    );
  });

  it('ends the look at a large file with the reason of the signal', async () => {
    writeFileSync(join(dataDir, 'alice/large.csv'), `a\n${'xé\n'.repeat(100_000)}`);
    const reason = new Error('enough');
    const attempt = type.run(createContext({ signal: AbortSignal.abort(reason) }), { file: 'large.csv' });
    await expect(attempt).rejects.toBe(reason);
  });
});

describe('process-data: a file that is no table', () => {
  it.each([
    ['gzip', '\x1f\x8b\x08\x00', 'a.csv.gz', /gzip/],
    ['an Excel workbook', 'PK\x03\x04\x14\x00', 'a.csv', /spreadsheet/],
    ['an old Excel workbook', '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'a.xls', /spreadsheet/],
    ['a PDF', '%PDF-1.7\n', 'a.csv', /PDF/],
    ['Parquet', 'PAR1\x15\x04', 'a.csv', /Parquet/],
    ['anything with zero bytes', 'a,b\n1,\x00\x01\x00\x00\x00\n', 'a.csv', /binary/],
    ['HTML', '\n<!DOCTYPE html>\n<p>', 'a.csv', /HTML page/],
    ['HTML by the name of JSON', '<html lang="en">', 'a.json', /HTML page/],
    ['XML', '<?xml version="1.0"?>\n<a/>', 'a.csv', /XML document/],
    ['a JSON object', '{"a": 1}', 'a.csv', /JSON/],
    ['a JSON array by the name of CSV', '[\n  {"a": 1}\n]', 'a.csv', /\.json/],
    ['JSON lines by the name of CSV', '{"a": 1}\n{"a": 2}\n', 'a.tsv', /\.jsonl/],
  ])('is rejected by what it is: %s', async (_what, content, name, message) => {
    const failure = await failureOf(read(latin1(content), name));
    expect(failure).toMatchObject({ type: 'InvalidData', retryable: false });
    expect(failure.message).toMatch(message);
  });

  it.each([
    ['a.csv', '<5,b\n1,2\n', '<5'],
    ['a.csv', '[id],b\n1,2\n', '[id]'],
    ['a.csv', '{id},b\n1,2\n', '{id}'],
  ])('is not %s with the text %j', async (name, text, column) => {
    expect(await read(text, name)).toMatchObject({
      rows: 1,
      columns: { [column]: { mean: 1 }, b: { mean: 2 } },
    });
  });
});

describe('process-data: TSV', () => {
  it.each(['a.tsv', 'a.TAB'])(
    'has tabs, and quotation marks that are part of a value, in %s',
    async (name) => {
      expect(await read('a\tb\n1\t"x\n2\ty", z\n', name)).toMatchObject({
        delimiter: '\t',
        rows: 2,
        columns: { a: { mean: 1.5 }, b: { min: '"x', max: 'y", z' } },
      });
    },
  );

  it('warns if it has another delimiter, or quoted names', async () => {
    const one = await read('a,b\n1,2\n3,4\n', 'a.tsv');
    expect(one).toMatchObject({ warnings: [expect.stringMatching(/name says .* tabs, but .* commas/)] });
    const quoted = await read('"a"\t"b"\n1\t2\n', 'a.tsv');
    expect(quoted).toMatchObject({ warnings: [expect.stringContaining('quotation marks')] });
    expect(await read('a\n1, 2\n3\n', 'a.tsv')).not.toHaveProperty('warnings');
  });
});

describe('process-data: JSON', () => {
  const rows = '{"a": 1, "b": "}\\n{"}\r\n\r\n  {"a": 2}';

  it.each(['a.jsonl', 'a.ndjson', 'a.JSONL', 'a.json', 'a.txt', 'a'])(
    'has an object per line in %s',
    async (name) => {
      for (const text of [rows, `${rows}\n`, `\uFEFF${rows}\n`]) {
        expect(await read(text, name)).toMatchObject({
          rows: 2,
          columns: { a: { mean: 1.5 }, b: { count: 1 } },
        });
      }
    },
  );

  it('has one object, or none, in a file of JSON lines', async () => {
    expect(await read('{"a": 1}', 'a.jsonl')).toMatchObject({ rows: 1 });
    expect(await read('', 'a.jsonl')).toMatchObject({ rows: 0, columns: {} });
  });

  it('may be an array in a file of JSON lines, or in one without a known name', async () => {
    for (const name of ['a.jsonl', 'a.txt'])
      expect(await read('[{"a": 1}]', name)).toMatchObject({ rows: 1 });
  });

  it.each([
    ['{"a": 1}\n[2]\n', 'Row 2 of the JSON is malformed'],
    ['{"a": 1}\n{"a": \n', 'Row 2 of the JSON is malformed'],
    ['{"a": 1}\nfine\n', 'Row 2 of the JSON is malformed'],
    ['{"a": 1},\n{"a": 2}\n', 'Row 2 of the JSON is malformed'],
  ])('names the row of the malformed lines %j', async (text, message) => {
    const failure = await failureOf(read(text, 'a.jsonl'));
    expect(failure).toMatchObject({ type: 'InvalidData', retryable: false });
    expect(failure.message).toContain(message);
  });

  it('keeps the digits of integers beyond 2^53, which count as text like in CSV', async () => {
    const ids = ['9007199254740992', '9007199254740993', '-18446744073709551617', '1e400', '1E+400'];
    const result = await read(
      `[${ids.map((id) => `{"id": ${id} , "deep": [{"id":${id}}]}`).join()}]`,
      'a.json',
    );
    const value = (text: string) => ({ value: text, count: 1 });
    expect(result).toMatchObject({
      columns: {
        id: { type: 'string', distinct: 5, top: expect.arrayContaining(ids.map(value)) },
        deep: { distinct: 5, top: expect.arrayContaining(ids.map((id) => value(`[{"id":${id}}]`))) },
      },
    });
  });

  it('rounds decimals as CSV does, and leaves digits in strings alone', async () => {
    const row =
      '{"n": 0.12345678901234567890, "m": 1.5e300, "s": "1610521604143693813", "u": "e123", "n": 0.5}';
    const twice = `[${row},{"id":1610521604143693813}]`;
    expect(await read(twice, 'a.json')).toMatchObject({
      columns: { n: { type: 'number', min: 0.5 }, m: { min: 1.5e300 }, s: { min: '1610521604143693813' } },
    });
    expect(await read('n\n0.12345678901234567890', 'a.csv')).toMatchObject({
      columns: { n: { type: 'number', min: 0.12345678901234568 } },
    });
  });

  it('keeps columns called __proto__ also beside long numbers', async () => {
    const result = await read('[{"__proto__": 1, "id": 1610521604143693813}]', 'a.json');
    expect(result).toMatchObject({ column_order: ['__proto__', 'id'] });
  });

  it('has its columns in the order of the file, also those that are integers', async () => {
    const text =
      '[{"b": {"9": 1}, "2021": "x,\\"1\\":{", "\\u0032019": [3], "0": 1},\n{"7": 1, "a": 2, "3": {"1": 2}}]';
    expect(await read(text, 'a.json')).toMatchObject({
      column_order: ['b', '2021', '2019', '0', '7', 'a', '3'],
    });
  });

  it.each(['{"a":', '{"id":1610521604143693813,"a":'])(
    'rejects a row that is nested too deeply: %s',
    async (start) => {
      const deep = `[{"a":1},${start}${'['.repeat(100_000)}${']'.repeat(100_000)}}]`;
      const failure = await failureOf(read(deep, 'a.json'));
      expect(failure).toMatchObject({ type: 'InvalidData', retryable: false });
      expect(failure.message).toMatch(/^Row 2 .*nested too deeply$/);
      expect(failure.message.length).toBeLessThan(200);
    },
  );
});
