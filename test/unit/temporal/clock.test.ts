import type { Connection, WorkflowService } from '@temporalio/client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createServerClock } from '../../../src/temporal/clock.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Creates a clock of a server whose clock differs from ours, and which needs some time to show a poll. */
function clockOf(server: { aheadMs: number; tookMs?: number }) {
  let polledAt: number | undefined;
  let identity = '';
  const service = {
    pollActivityTaskQueue: (request: { identity: string }) => {
      ({ identity } = request);
      polledAt = Date.now();
      return new Promise(() => undefined);
    },
    async describeTaskQueue() {
      if (polledAt === undefined || Date.now() - polledAt < (server.tookMs ?? 0)) return { pollers: [] };
      const at = polledAt + server.aheadMs;
      const lastAccessTime = { seconds: Math.floor(at / 1000), nanos: (at % 1000) * 1_000_000 };
      return { pollers: [{ identity, lastAccessTime }] };
    },
  };
  const connection = {
    withAbortSignal: (signal: AbortSignal, fn: () => Promise<unknown>) =>
      Promise.race([
        fn(),
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(new Error('aborted'))),
        ),
      ]),
    withDeadline: (_deadline: number, fn: () => Promise<unknown>) => fn(),
  };
  return createServerClock({
    connection: connection as unknown as Connection,
    service: service as unknown as WorkflowService,
    call: (_name, fn) => fn(),
    namespace: 'default',
    taskQueue: 'clock',
  });
}

test('a difference of more than a second is reported once, and once more when the clocks agree again', async () => {
  const server = { aheadMs: -1500 };
  const clock = clockOf(server);
  const onDifference = vi.fn<(differenceMs: number, isNotable: boolean) => void>();
  expect(clock.difference()).toBeUndefined();
  clock.start({ onDifference, onError: () => expect.unreachable() });
  await vi.advanceTimersByTimeAsync(50_000);
  expect(onDifference.mock.calls).toEqual([[expect.closeTo(1500, -2), true]]);
  expect(clock.difference()).toBeCloseTo(1500, -2);
  expect(clock.now()).toBeCloseTo(Date.now() - 1500, -2);
  // Not yet less than what counts as agreement.
  server.aheadMs = -900;
  await vi.advanceTimersByTimeAsync(40_000);
  expect(onDifference).toHaveBeenCalledTimes(1);
  server.aheadMs = 0;
  await vi.advanceTimersByTimeAsync(40_000);
  expect(onDifference.mock.calls.slice(1)).toEqual([[expect.closeTo(0, -2), false]]);
  await clock.close();
});

test('a measurement that took long is no difference', async () => {
  const clock = clockOf({ aheadMs: 0, tookMs: 2000 });
  const onDifference = vi.fn<(differenceMs: number, isNotable: boolean) => void>();
  clock.start({ onDifference, onError: () => expect.unreachable() });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(clock.difference()).toBeGreaterThan(1500);
  expect(onDifference).not.toHaveBeenCalled();
  await clock.close();
});

test('after a jump of our clock, the difference is unknown until the next measurement', async () => {
  const clock = clockOf({ aheadMs: -5000 });
  clock.start({ onDifference: () => undefined, onError: () => expect.unreachable() });
  await vi.advanceTimersByTimeAsync(1000);
  expect(clock.difference()).toBeCloseTo(5000, -2);
  vi.setSystemTime(Date.now() + 60_000);
  expect(clock.difference()).toBeUndefined();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(clock.difference()).toBeCloseTo(5000, -2);
  await clock.close();
});
