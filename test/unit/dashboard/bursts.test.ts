import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createBursts } from '../../../src/dashboard/bursts.ts';

interface Item {
  readonly id: string;
  readonly state: number;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function collected() {
  const delivered: (readonly Item[])[] = [];
  const frames: (() => void)[] = [];
  const bursts = createBursts<Item>(
    ({ id }) => id,
    (items) => delivered.push(items),
    (callback) => frames.push(callback),
  );
  return { delivered, frames, bursts };
}

test('items that arrive within a frame are delivered together, only the latest of each key', () => {
  const { delivered, frames, bursts } = collected();
  bursts.push({ id: 'a', state: 1 });
  bursts.push({ id: 'b', state: 1 });
  bursts.push({ id: 'a', state: 2 });
  expect(frames).toHaveLength(1);
  frames[0]?.();
  expect(delivered).toEqual([
    [
      { id: 'b', state: 1 },
      { id: 'a', state: 2 },
    ],
  ]);
  vi.advanceTimersByTime(60_000);
  expect(delivered).toHaveLength(1);
});

test('items are delivered even if the page is hidden and gets no frames', () => {
  const { delivered, bursts } = collected();
  for (let round = 1; round <= 3; round += 1) {
    for (let state = 0; state < 1000; state += 1) bursts.push({ id: 'a', state });
    vi.advanceTimersByTime(1000);
    expect(delivered).toHaveLength(round);
  }
  expect(delivered.flat()).toEqual(Array.from({ length: 3 }, () => ({ id: 'a', state: 999 })));
});

test('waiting items can be delivered early, and a late frame does not deliver them again', () => {
  const { delivered, frames, bursts } = collected();
  bursts.push({ id: 'a', state: 1 });
  bursts.flush();
  frames[0]?.();
  vi.advanceTimersByTime(1000);
  expect(delivered).toEqual([[{ id: 'a', state: 1 }]]);
});
