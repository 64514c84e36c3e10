import { expect, test } from 'vitest';
import { isLongerThan } from '../../../src/lib/json-size.ts';

test.each([
  ['abc', 3],
  [{ ab: 'cd', e: 1 }, 7],
  [['ab', [true, null]], 6],
  [7, 1],
])('%j has a length of %i', (value, length) => {
  expect(isLongerThan(length, value)).toBe(false);
  expect(isLongerThan(length - 1, value)).toBe(true);
});

test('stops at the limit, whatever follows', () => {
  let reads = 0;
  const many = { first: 'x'.repeat(100) };
  Object.defineProperty(many, 'second', { enumerable: true, get: () => (reads += 1) });
  expect(isLongerThan(10, many)).toBe(true);
  expect(reads).toBe(0);
});
