import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Probation } from '../../activities/probation.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('a worker', () => {
  test('runs any number of tasks that were never lost, even beside one on probation', () => {
    const probation = new Probation();
    expect(probation.admit(2)).toBeDefined();
    for (let task = 0; task < 5; task += 1) expect(probation.admit(0)).toBeDefined();
  });

  test('runs one task on probation at a time', () => {
    const probation = new Probation();
    const turn = probation.admit(1);
    expect(probation.admit(1)).toBeUndefined();
    expect(probation.admit(4)).toBeUndefined();
    turn?.end();
    expect(probation.admit(4)).toBeDefined();
    expect(probation.admit(1)).toBeUndefined();
  });

  test.each([
    [1, 6_000],
    [2, 31_000],
    [3, 121_000],
    [4, 121_000],
  ])('lets a task with %i losses hold up others on probation for at most %i ms', (lost, termMs) => {
    const probation = new Probation();
    const turn = probation.admit(lost);
    vi.advanceTimersByTime(termMs - 1);
    expect(probation.admit(1)).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(probation.admit(3)).toBeDefined();
    // The first task's end, later on, does not end the other's turn.
    turn?.end();
    expect(probation.admit(1)).toBeUndefined();
  });

  test('does not end a probation when another task ends', () => {
    const probation = new Probation();
    probation.admit(3);
    probation.admit(0)?.end();
    expect(probation.admit(3)).toBeUndefined();
  });

  test('waits a second before it runs a task on probation, unless it is cancelled, and not at all for others', async () => {
    const settled: string[] = [];
    const never = new AbortController().signal;
    const stopping = new AbortController();
    void new Probation()
      .admit(0)
      ?.settle(never)
      .then(() => settled.push('never lost'));
    void new Probation()
      .admit(1)
      ?.settle(never)
      .then(() => settled.push('lost'));
    void new Probation()
      .admit(1)
      ?.settle(stopping.signal)
      .then(() => settled.push('cancelled'));
    await vi.advanceTimersByTimeAsync(999);
    expect(settled).toEqual(['never lost']);
    stopping.abort();
    await vi.advanceTimersByTimeAsync(0);
    expect(settled).toEqual(['never lost', 'cancelled']);
    await vi.advanceTimersByTimeAsync(1);
    expect(settled).toEqual(['never lost', 'cancelled', 'lost']);
    expect(vi.getTimerCount()).toBe(2);
  });
});
