import { describe, expect, test } from 'vitest';
import { readDataResult } from '../../../src/dashboard/task/data-result.ts';
import { base64Bytes, readHttpResult } from '../../../src/dashboard/task/http-result.ts';
import { previewOf } from '../../../src/dashboard/parts/json-preview.ts';

const nothing = { min: null, max: null, mean: null, p50: null, p95: null, top: [] };

describe('the view of a process-data result', () => {
  test('has the figures that exist, and a histogram if there is one', () => {
    const histogram = { from: 0, to: 10, counts: [1, 0, 4] };
    const temp = { type: 'number', count: 5, missing: 1, distinct: 4, ...nothing, min: 0, max: 10, mean: 4 };
    const result = { message: 'done', rows: 6, columns: { temp: { ...temp, histogram }, old: temp } };
    const data = readDataResult(result);
    expect(data?.rows).toBe(6);
    expect(data?.columns[0]?.histogram).toEqual(histogram);
    expect(data?.columns[1]?.histogram).toBeUndefined();
    expect(data?.columns[1]?.figures).toEqual([
      ['min', 0],
      ['max', 10],
      ['mean', 4],
    ]);
  });

  test('has columns with any name', () => {
    const columns = JSON.parse('{"__proto__": {"type": "empty", "count": 0}, "": {"count": 1}}') as unknown;
    expect(readDataResult({ columns })?.columns.map(({ name }) => name)).toEqual(['__proto__', '']);
  });

  test.each([
    null,
    undefined,
    'text',
    [],
    {},
    { columns: null },
    { columns: [] },
    { columns: {} },
    { columns: { a: null, b: 'x', c: { count: 'many' } } },
  ])('does not exist for %j', (result) => {
    expect(readDataResult(result)).toBeUndefined();
  });

  test.each([
    { from: 0, to: 1, counts: [] },
    { from: 0, to: 1, counts: [0, 0] },
    { from: 0, to: 1, counts: [1, -1] },
    { from: 0, to: 1, counts: [1, 'x'] },
    { from: 0, counts: [1] },
    [],
    'x',
  ])('leaves out the invalid histogram %j', (histogram) => {
    const data = readDataResult({ columns: { a: { count: 1, top: 'x', approximate: {}, histogram } } });
    expect(data?.columns[0]).toMatchObject({ name: 'a', histogram: undefined, top: [] });
  });
});

describe('the view of an http-request result', () => {
  test('has each header with its values: several for a list, as of cookies', () => {
    const headers = { 'content-type': 'text/plain', 'set-cookie': ['a=1, x', 'b=2'] };
    expect(readHttpResult({ status: 200, headers })?.headers).toEqual([
      ['content-type', ['text/plain']],
      ['set-cookie', ['a=1, x', 'b=2']],
    ]);
  });

  test('marks a body in base64, which is never JSON, with its size in bytes', () => {
    const body = btoa('[1]');
    const view = readHttpResult({ status: 200, body, body_encoding: 'base64', content_encoding: 'exi' });
    expect(view).toMatchObject({ isBase64: true, coding: 'exi', json: undefined });
    for (const text of ['', 'a', 'ab', 'abc', 'abcd']) expect(base64Bytes(btoa(text))).toBe(text.length);
    expect(
      readHttpResult({ status: 200, body, body_encoding: 'text', content_encoding: null }),
    ).toMatchObject({
      isBase64: false,
      coding: undefined,
    });
  });

  test('has the body as text, and as JSON if it is JSON', () => {
    const answer = { status: 200, headers: { a: 'b' }, duration_ms: 12, truncated: false };
    expect(readHttpResult({ ...answer, body: '<b>hi</b>' })).toMatchObject({
      body: '<b>hi</b>',
      json: undefined,
    });
    expect(readHttpResult({ ...answer, body: ' {"a": 1}' })?.json).toEqual({ value: { a: 1 } });
    expect(readHttpResult({ ...answer, body: '{"a": ' })?.json).toBeUndefined();
  });

  test('does not exist for other shapes', () => {
    expect([null, 'x', {}, { status: 'x' }].map(readHttpResult)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

test('a collapsed part of a JSON tree has a short preview of its contents, however deep they are', () => {
  let deep: unknown = 1;
  for (let level = 0; level < 100_000; level += 1) deep = [deep];
  expect(previewOf([deep])).toBe('[…] 1');
  expect(previewOf({ a: 1, b: 'x'.repeat(100), c: {}, d: [1], e: null })).toBe(
    `{a: 1, b: “${'x'.repeat(24)}…”, c: {}, d: […], …}`,
  );
  expect(previewOf([1, 'a', null, true, 5])).toBe('[1, “a”, null, true, …] 5');
});
