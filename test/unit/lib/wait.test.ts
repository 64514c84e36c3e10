import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { backoffMs, pause, retryFor, unlessAborted } from '../../../src/lib/wait.ts';

describe('pause', () => {
  test('waits for the given time', async () => {
    const startedAt = performance.now();
    await pause(30);
    // Timers may fire up to a millisecond early.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(29);
  });

  test('ends early when its signal is aborted, or already was, and does not reject', async () => {
    const closing = new AbortController();
    const waiting = pause(600_000, closing.signal);
    closing.abort();
    await expect(waiting).resolves.toBeUndefined();
    await expect(pause(600_000, closing.signal)).resolves.toBeUndefined();
  });
});

describe('unlessAborted', () => {
  test('returns what the promise resolves to', async () => {
    expect(await unlessAborted(Promise.resolve('done'), new AbortController().signal)).toBe('done');
    expect(await unlessAborted(Promise.resolve('done'), undefined)).toBe('done');
  });

  test('rejects with the reason of the signal, whether it is aborted before or during the wait', async () => {
    const never = new Promise<void>(() => undefined);
    const abort = new AbortController();
    const waiting = unlessAborted(never, abort.signal);
    abort.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    await expect(unlessAborted(never, abort.signal)).rejects.toThrow('stopped');
  });
});

test('backoffMs doubles from min to max, less up to half of it', () => {
  const limits = { min: 100, max: 1000 };
  for (const [tries, ms] of [
    [0, 100],
    [1, 200],
    [3, 800],
    [9, 1000],
  ] as const) {
    const delay = backoffMs(tries, limits);
    expect(delay).toBeGreaterThanOrEqual(ms / 2);
    expect(delay).toBeLessThanOrEqual(ms);
  }
});

describe('retryFor', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('calls again every second until it succeeds', async () => {
    let calls = 0;
    const result = retryFor(60_000, async () => {
      calls += 1;
      if (calls < 4) throw new Error('not yet');
      return calls;
    });
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await result).toBe(4);
  });

  test.each([
    [0, 1],
    [2_500, 4],
  ])('fails with the last error after %i ms', async (ms, expected) => {
    let calls = 0;
    const result = retryFor(ms, async () => {
      calls += 1;
      throw new Error(`call ${calls}`);
    }).catch(String);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await result).toBe(`Error: call ${expected}`);
  });
});
