import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type JsonLimits, scanJson } from '../../../src/lib/json-scan.ts';

const noLimits: JsonLimits = { values: Infinity, keys: Infinity, levels: Infinity };

function scan(text: string, limits: Partial<JsonLimits> = {}) {
  return scanJson(Buffer.from(text), { ...noLimits, ...limits });
}

/** Returns the numbers of a text that are found to be inexact. */
function inexactIn(text: string): string[] {
  const found = scan(text);
  if (found.exceeded !== undefined) throw new Error(found.exceeded);
  return found.inexact.map(({ start, end }) => Buffer.from(text).toString('utf8', start, end));
}

describe('the values of a text are counted', () => {
  test.each([
    ['[1,2,3]', 3],
    ['{"a":1,"b":[]}', 3],
    ['[{},{},{}]', 6],
    ['["a,b,[{","\\",,"]', 2],
    ['{"a,[":"\\\\","b":",,,,"}', 2],
  ])('%s has %i', (text, count) => {
    expect(scan(text, { values: count })).toEqual({ inexact: [] });
    expect(scan(text, { values: count - 1 })).toEqual({ exceeded: 'values' });
  });

  test('in any document, no fewer than it has, and at most twice as many', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const count = countIn(JSON.parse(text));
        expect(scan(text, { values: 2 * count + 20 * digitsIn(text) })).not.toHaveProperty('exceeded');
        expect(scan(`[${text},${text}]`, { values: Math.max(1, count) })).toEqual({ exceeded: 'values' });
      }),
    );
  });
});

function countIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce((sum: number, member) => sum + countIn(member), 1);
}

/** Returns the number of long runs of digits, each of which counts as several values. */
function digitsIn(text: string): number {
  return text.match(/\d[\d.eE+-]{4,}/g)?.length ?? 0;
}

describe('the different keys of a text are counted', () => {
  test.each([
    ['once each, in however many objects they are', '[{"a":1,"b":2},{"a":3,"b":4},{"a":5,"b":6}]', 2],
    ['again in each combination', '[{"a":1,"b":2},{"b":3,"a":4}]', 4],
    ['not in lists or values', '{"a":["b","c"],"d":"e"}', 2],
    ['after an inner object, too', '{"a":{"b":1},"c":2}', 3],
    ['with spaces around them', '{ "a" : "x" , "b" : { } , "c" : 1 }', 3],
  ])('%s', (_what, text, count) => {
    expect(scan(text, { keys: count })).toEqual({ inexact: [] });
    expect(scan(text, { keys: count - 1 })).toEqual({ exceeded: 'keys' });
  });
});

test('nesting is limited', () => {
  expect(scan('[[{"a":[]}]]', { levels: 4 })).toEqual({ inexact: [] });
  expect(scan('[[{"a":[]}]]', { levels: 3 })).toEqual({ exceeded: 'levels' });
  expect(scan('[[]],[[]]', { levels: 2 })).toEqual({ inexact: [] });
});

describe('a number that JSON.parse would change is found', () => {
  test.each([
    ['{"id":9007199254740993}', ['9007199254740993']],
    ['[-9007199254740993,1]', ['9007199254740993']],
    ['[1,[18446744073709551616 ]]', ['18446744073709551616']],
    ['[0.1234567890123456789,1e-400]', ['0.1234567890123456789', '1e-400']],
    [`[${'9'.repeat(5000)}]`, ['9'.repeat(5000)]],
    ['[1e999,12E309,1e308]', ['1e999', '12E309']],
  ])('in %s', (text, expected) => {
    expect(inexactIn(text)).toEqual(expected);
  });

  test.each([
    '{"id":"9007199254740993","9007199254740993":"\\"9007199254740993"}',
    '[1.0,1e2,0.30000000000000004,1.5E+300,1e-99,100000000000000000000]',
  ])('but nothing in %s', (text) => {
    expect(inexactIn(text)).toEqual([]);
  });

  test('in no text that JSON.stringify has written', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(inexactIn(JSON.stringify(JSON.parse(text)))).toEqual([]);
      }),
    );
  });
});

test('what is no JSON is left to the parser', () => {
  for (const text of ['', '"', '"\\', '}}]]', '{"a', '{"a":1,,}', '[1-2-3-4-5-6-7-8-9-0-1]', '\u0000'])
    expect(scan(text), text).toEqual({ inexact: [] });
});
