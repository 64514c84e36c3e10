import { expect, test } from 'vitest';
import { placeErrors, readable } from '../../../src/dashboard/forms/task/pointers.ts';
import { pointerTo } from '../../../src/lib/pointer.ts';

test('an error is placed at the innermost field that contains its pointer', () => {
  const errors = ['/name', '/payload/url', '/payload/rows/0/a~1b', '/payload/urls', '/payloads', ''].map(
    (pointer) => ({ pointer, message: 'wrong' }),
  );
  const { at, elsewhere } = placeErrors(errors, ['/name', '/payload', '/payload/url', '/payload/rows']);
  expect(Object.fromEntries(at)).toEqual({
    '/name': ['wrong'],
    '/payload/url': ['wrong'],
    '/payload/rows': ['0 › a/b: wrong'],
    '/payload': ['urls: wrong'],
  });
  expect(elsewhere).toEqual([
    { pointer: '/payloads', message: 'wrong' },
    { pointer: '', message: 'wrong' },
  ]);
});

test('keys are escaped in pointers, and shown unescaped', () => {
  expect(pointerTo('/a', 'b/c~d')).toBe('/a/b~1c~0d');
  expect(readable('/a/b~1c~0d')).toBe('a › b/c~d');
});
