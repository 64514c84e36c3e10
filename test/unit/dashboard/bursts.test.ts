import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createBursts } from '../../../src/dashboard/bursts.ts';

interface Item {
  readonly id: string;
  readonly state: number;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function collected() {
  const told: (readonly Item[])[] = [];
  const frames: (() => void)[] = [];
  const bursts = createBursts<Item>(
    ({ id }) => id,
    (items) => told.push(items),
    (callback) => frames.push(callback),
  );
  return { told, frames, bursts };
}

test('what comes within a frame is told at once, of each thing the latest', () => {
  const { told, frames, bursts } = collected();
  bursts.push({ id: 'a', state: 1 });
  bursts.push({ id: 'b', state: 1 });
  bursts.push({ id: 'a', state: 2 });
  expect(frames).toHaveLength(1);
  frames[0]?.();
  expect(told).toEqual([
    [
      { id: 'b', state: 1 },
      { id: 'a', state: 2 },
    ],
  ]);
  vi.advanceTimersByTime(60_000);
  expect(told).toHaveLength(1);
});

test('a frame that does not come, since the page is hidden, holds nothing back', () => {
  const { told, bursts } = collected();
  for (let round = 1; round <= 3; round += 1) {
    for (let state = 0; state < 1000; state += 1) bursts.push({ id: 'a', state });
    vi.advanceTimersByTime(1000);
    expect(told).toHaveLength(round);
  }
  expect(told.flat()).toEqual(Array.from({ length: 3 }, () => ({ id: 'a', state: 999 })));
});

test('a frame that comes late takes nothing twice, and what waits can be told before', () => {
  const { told, frames, bursts } = collected();
  bursts.push({ id: 'a', state: 1 });
  bursts.flush();
  frames[0]?.();
  vi.advanceTimersByTime(1000);
  expect(told).toEqual([[{ id: 'a', state: 1 }]]);
});
