import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RecentIds } from '../../../src/lib/recent-ids.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('an id is known for the time, which starts again when it is added again', () => {
  const ids = new RecentIds(1000);
  ids.add('a');
  vi.advanceTimersByTime(999);
  expect([ids.has('a'), ids.has('b')]).toEqual([true, false]);
  ids.add('a');
  ids.add('b');
  vi.advanceTimersByTime(999);
  expect([ids.has('a'), ids.has('b')]).toEqual([true, true]);
  vi.advanceTimersByTime(1);
  expect([ids.has('a'), ids.has('b')]).toEqual([false, false]);
});
