import { describe, expect, test } from 'vitest';
import { duration, plural, relative, sentence, withoutTerminalCodes } from '../../../src/dashboard/format.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

describe('a span of time', () => {
  test.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1250, '1.2 s'],
    [9990, '9.9 s'],
    [59_999, '59 s'],
    [minute, '1 min'],
    [3 * minute + 20 * second, '3 min 20 s'],
    [hour - 1, '59 min 59 s'],
    [2 * hour + 5 * minute, '2 h 5 min'],
    [4 * 24 * hour + 3 * hour + minute, '4 d 3 h'],
    [-5, '0 ms'],
  ])('%i ms is %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  test('has no fractions in a countdown', () => {
    expect(duration(1250, { whole: true })).toBe('1 s');
    expect(duration(250, { whole: true })).toBe('0 s');
  });
});

test('an instant is shown by its distance from now', () => {
  expect(relative(10_000, 5000)).toBe('in 5 s');
  expect(relative(5000, 10_000)).toBe('5 s ago');
  expect(relative(5000, 5400)).toBe('now');
});

test('a count of one has the singular, every other count the plural', () => {
  expect([plural(1, 'task'), plural(0, 'task'), plural(2, 'is', 'are')]).toEqual([
    '1 task',
    '0 tasks',
    '2 are',
  ]);
});

test.each([
  ['Task has ended', 'Task has ended.'],
  ['Task has ended.', 'Task has ended.'],
  ['Task has ended. ', 'Task has ended.'],
  ['Task has ended...', 'Task has ended.'],
  ['Is it 1.5?', 'Is it 1.5?'],
  ['Cut here…', 'Cut here…'],
  ['', ''],
])('%j is the sentence %j', (text, expected) => {
  expect(sentence(text)).toBe(expected);
});

test.each([
  ['\u001b[1;31mfailed\u001b[0m twice', 'failed twice'],
  ['\u001b[2K\u001b[1Gdone', 'done'],
  ['\u001b]8;;https://example.org\u0007link\u001b]8;;\u001b\\ here', 'link here'],
  ['\u001b(B\u001b[mplain', 'plain'],
  ['\u001bPq#0\u001b\\image', 'image'],
  ['a line with [31m and no escape', 'a line with [31m and no escape'],
])('codes for terminals are not shown: %j', (printed, shown) => {
  expect(withoutTerminalCodes(printed)).toBe(shown);
});
