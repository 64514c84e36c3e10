import { describe, expect, test } from 'vitest';
import { LatestByKey } from '../../../src/lib/latest-by-key.ts';

describe('a queue of the latest items', () => {
  test('drops the waiting item that a newer one replaces, and keeps the order in which items came', () => {
    const queue = new LatestByKey<number>();
    queue.put('a', 1);
    queue.put('b', 2);
    queue.put('a', 3);
    expect(queue.size).toBe(2);
    expect([queue.take(), queue.take(), queue.take()]).toEqual([2, 3, undefined]);
    expect(queue.size).toBe(0);
  });

  test('never replaces an item that it was asked to keep, which itself replaces a waiting one', () => {
    const queue = new LatestByKey<number>();
    queue.put('a', 1);
    queue.keep('a', 2);
    queue.put('a', 3);
    queue.keep('a', 4);
    queue.put('a', 5);
    queue.put('a', 6);
    expect(queue.takeAll()).toEqual([2, 4, 6]);
    expect(queue.takeAll()).toEqual([]);
  });

  test('takes another item with a key whose item has been taken', () => {
    const queue = new LatestByKey<number>();
    queue.put('a', 1);
    expect(queue.take()).toBe(1);
    queue.put('a', 2);
    queue.clear();
    expect(queue.size).toBe(0);
    queue.put('a', 3);
    expect(queue.takeAll()).toEqual([3]);
  });
});
