import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isWithin, keysOf, pointerOf, pointerTo } from '../../../src/lib/pointer.ts';

test('a pointer has the keys of its path, with slashes and tildes escaped', () => {
  expect(pointerOf([])).toBe('');
  expect(pointerOf(['rows', 0, 'a/b~c'])).toBe('/rows/0/a~1b~0c');
  expect(pointerTo('/rows', '')).toBe('/rows/');
});

test('the keys of a pointer are those of its path, whatever they are', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (path) => {
      expect(keysOf(pointerOf(path))).toEqual(path);
    }),
  );
  expect(keysOf('/~01')).toEqual(['~1']);
});

test('a pointer is within itself and the values around it, not beside a key that begins like its own', () => {
  expect(isWithin('/payload', '/payload')).toBe(true);
  expect(isWithin('/payload/url', '/payload')).toBe(true);
  expect(isWithin('/payload', '')).toBe(true);
  expect(isWithin('/payloads', '/payload')).toBe(false);
  expect(isWithin('/payload', '/payload/url')).toBe(false);
});
