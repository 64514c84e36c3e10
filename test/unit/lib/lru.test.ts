import { expect, test } from 'vitest';
import { Lru } from '../../../src/lib/lru.ts';

test('a new value replaces the least recently used ones, as many as its size needs', () => {
  const lru = new Lru<number>(100, 10);
  for (let index = 0; index < 10; index += 1) lru.set(`k${index}`, index, 10);
  expect(lru.get('k0')).toBe(0);
  lru.set('new', 10, 10);
  expect([lru.get('k0'), lru.get('k1'), lru.get('k2')]).toEqual([0, undefined, 2]);
  lru.set('k2', 22, 1);
  lru.set('newer', 11, 9);
  expect([lru.get('k3'), lru.get('k2'), lru.get('newer')]).toEqual([3, 22, 11]);
});

test('a value that is too large is not kept, and neither is the one before it', () => {
  const lru = new Lru<number>(100, 10);
  lru.set('a', 1, 10);
  lru.set('a', 2, 11);
  expect(lru.get('a')).toBeUndefined();
});

test('a deleted value makes room', () => {
  const lru = new Lru<number>(20);
  for (const key of ['a', 'b', 'c']) lru.set(key, 1, 2);
  lru.delete('a');
  lru.delete('a');
  for (let index = 0; index < 8; index += 1) lru.set(`k${index}`, index, 2);
  expect([lru.get('b'), lru.get('c')]).toEqual([1, 1]);
});
