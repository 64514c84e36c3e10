import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LineBudget } from '../../activities/pool/line-budget.ts';
import { fromHandler } from '../../activities/pool/messages.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a handler gets 50,000 log lines a second through, however it sends them', () => {
  const budget = new LineBudget();
  const takenNow = (): number => {
    let taken = 0;
    for (let i = 0; i < 1000; i += 1) if (budget.take(100)) taken += 100;
    return taken;
  };
  expect(takenNow()).toBe(50_000);
  expect(takenNow()).toBe(0);
  vi.advanceTimersByTime(500);
  expect(takenNow()).toBe(25_000);
  vi.advanceTimersByTime(60_000);
  expect(takenNow()).toBe(50_000);
});

test.each([
  ['200 lines of 2 KiB', 200, 2048, true],
  ['a line more', 201, 10, false],
  ['a longer line', 1, 2049, false],
])('a report with %s is accepted: %s', (_what, lines, length, accepted) => {
  const log = Array.from({ length: lines }, () => 'x'.repeat(length));
  expect(fromHandler.safeParse({ type: 'report', number: 1, report: { log } }).success).toBe(accepted);
});
