import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRefresher } from '../../../src/dashboard/task/refresher.ts';

const leastMs = 1000;

/** Creates a refresher whose reads end when the test ends them. */
function readings() {
  const ends: (() => void)[] = [];
  const refresher = createRefresher(() => new Promise((resolve) => ends.push(resolve)), leastMs);
  return { ends, refresher };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a refresher', () => {
  test('reads at once, and then no more often than once per interval', async () => {
    const { ends, refresher } = readings();
    refresher.ask();
    refresher.ask();
    await vi.advanceTimersByTimeAsync(1);
    expect(ends).toHaveLength(1);
    ends[0]?.();
    await vi.advanceTimersByTimeAsync(1);
    for (let asked = 0; asked < 5; asked += 1) refresher.ask();
    await vi.advanceTimersByTimeAsync(leastMs - 10);
    expect(ends).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(20);
    expect(ends).toHaveLength(2);
  });

  test('reads once more if it is asked during a read, but never twice at a time', async () => {
    const { ends, refresher } = readings();
    refresher.ask();
    await vi.advanceTimersByTimeAsync(1);
    refresher.ask();
    await vi.advanceTimersByTimeAsync(5 * leastMs);
    expect(ends).toHaveLength(1);
    ends[0]?.();
    await vi.advanceTimersByTimeAsync(1);
    expect(ends).toHaveLength(2);
    ends[1]?.();
    await vi.advanceTimersByTimeAsync(5 * leastMs);
    expect(ends).toHaveLength(2);
  });

  test('does not read once it is closed', async () => {
    const { ends, refresher } = readings();
    refresher.ask();
    refresher.close();
    refresher.ask();
    await vi.advanceTimersByTimeAsync(5 * leastMs);
    expect(ends).toHaveLength(0);
  });
});
