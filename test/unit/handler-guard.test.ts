import { CancelledFailure } from '@temporalio/common';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { HandlerGuard, stopReason } from '../../activities/handler-guard.ts';
import type { HandlerProcess } from '../../activities/pool/handler-process.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  guards.splice(0).forEach((guard) => guard.release());
  vi.useRealTimers();
});

const guards: HandlerGuard[] = [];

/** Records what happens to the process, each event with its time in milliseconds since the guard started. */
class FakeProcess implements Pick<HandlerProcess, 'stop' | 'kill'> {
  readonly events: string[] = [];
  readonly #begin = Date.now();

  stop(reason: string): void {
    this.#note(`stop ${reason}`);
  }

  kill(reason?: string): void {
    this.#note(`kill ${reason}`);
  }

  #note(what: string): void {
    this.events.push(`${Date.now() - this.#begin} ${what}`);
  }
}

function guarded({ cleanupMs = 10_000, stopping = new AbortController() } = {}) {
  const handlerProcess = new FakeProcess();
  const graceOver = new AbortController();
  const guard = new HandlerGuard(handlerProcess, {
    input: { soft_time_limit: 60, time_limit: 90 },
    rules: { cleanupMs },
    stopping: stopping.signal,
    graceOver: graceOver.signal,
  });
  guards.push(guard);
  return {
    guard,
    events: handlerProcess.events,
    cancel: () => stopping.abort(new CancelledFailure('CANCELLED')),
    shutDown: () => stopping.abort(new CancelledFailure('WORKER_SHUTDOWN')),
    giveUp: () => stopping.abort(new CancelledFailure('NOT_FOUND')),
    endGrace: () => graceOver.abort(),
  };
}

describe('a handler that runs too long', () => {
  test('is asked to stop at its soft limit, and killed at its hard limit', () => {
    const { guard, events } = guarded();
    vi.advanceTimersByTime(59_999);
    expect(events).toEqual([]);
    expect(guard.stopped).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(events).toEqual(['60000 stop SoftTimeLimitExceeded']);
    expect(guard.stopped).toBe('SoftTimeLimitExceeded');
    vi.advanceTimersByTime(29_999);
    expect(events).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(events.slice(1)).toEqual(['90000 kill TimeLimitExceeded']);
    // `stopped` remains the last request to stop; the hard limit is the reason for the kill.
    expect(guard.stopped).toBe('SoftTimeLimitExceeded');
  });
});

describe('a handler whose task is cancelled', () => {
  test('is asked to stop at once, and killed when its cleanup time is over', () => {
    const { guard, events, cancel } = guarded({ cleanupMs: 3000 });
    vi.advanceTimersByTime(5000);
    cancel();
    expect(events).toEqual(['5000 stop Cancelled']);
    expect(guard.stopped).toBe('Cancelled');
    vi.advanceTimersByTime(2999);
    expect(events).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(events.slice(1)).toEqual(['8000 kill Cancelled']);
  });

  test('after its soft limit is asked again, since the cancellation takes precedence', () => {
    const { guard, events, cancel } = guarded();
    vi.advanceTimersByTime(61_000);
    cancel();
    expect(guard.stopped).toBe('Cancelled');
    vi.advanceTimersByTime(10_000);
    expect(events).toEqual([
      '60000 stop SoftTimeLimitExceeded',
      '61000 stop Cancelled',
      '71000 kill Cancelled',
    ]);
  });

  test('before its soft limit is not asked again at that limit', () => {
    const { guard, events, cancel } = guarded({ cleanupMs: 100_000 });
    vi.advanceTimersByTime(59_000);
    cancel();
    vi.advanceTimersByTime(30_999);
    expect(events).toEqual(['59000 stop Cancelled']);
    expect(guard.stopped).toBe('Cancelled');
  });

  test('is killed at its hard limit, however long its cleanup time is', () => {
    const { events, cancel } = guarded({ cleanupMs: 3_600_000 });
    vi.advanceTimersByTime(1000);
    cancel();
    vi.advanceTimersByTime(89_000);
    expect(events).toEqual(['1000 stop Cancelled', '90000 kill TimeLimitExceeded']);
  });

  test('before it started is asked to stop at once', () => {
    const stopping = new AbortController();
    stopping.abort(new CancelledFailure('CANCELLED'));
    const { guard, events } = guarded({ stopping });
    expect(events).toEqual(['0 stop Cancelled']);
    expect(guard.stopped).toBe('Cancelled');
    vi.advanceTimersByTime(10_000);
    expect(events.slice(1)).toEqual(['10000 kill Cancelled']);
  });
});

describe('a handler whose worker shuts down', () => {
  test('has two seconds for its last checkpoint, whatever its cleanup time is', () => {
    const { guard, events, shutDown } = guarded({ cleanupMs: 60_000 });
    vi.advanceTimersByTime(1000);
    shutDown();
    expect(guard.stopped).toBe('WorkerShutdown');
    vi.advanceTimersByTime(1999);
    expect(events).toEqual(['1000 stop WorkerShutdown']);
    vi.advanceTimersByTime(1);
    expect(events.slice(1)).toEqual(['3000 kill WorkerShutdown']);
  });

  test('before it started is asked to stop at once', () => {
    const stopping = new AbortController();
    stopping.abort(new CancelledFailure('WORKER_SHUTDOWN'));
    const { events } = guarded({ stopping });
    vi.advanceTimersByTime(2000);
    expect(events).toEqual(['0 stop WorkerShutdown', '2000 kill WorkerShutdown']);
  });
});

describe('once the guard is released', () => {
  test.each([
    ['at the start', () => undefined],
    ['after the soft limit', () => vi.advanceTimersByTime(60_000)],
  ])('nothing more happens to the process, if released %s', (_when, before) => {
    const { guard, events, cancel } = guarded();
    before();
    const soFar = [...events];
    guard.release();
    cancel();
    vi.advanceTimersByTime(3_600_000);
    expect(events).toEqual(soFar);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a cancelled handler that has ended in time is not killed: another attempt may run in its process', () => {
    const { guard, events, cancel } = guarded();
    cancel();
    guard.release();
    vi.advanceTimersByTime(3_600_000);
    expect(events).toEqual(['0 stop Cancelled']);
  });
});

describe('a handler whose attempt the server has given up', () => {
  test('is asked to stop as withdrawn, not as cancelled, and has two seconds', () => {
    const { guard, events, giveUp } = guarded({ cleanupMs: 60_000 });
    giveUp();
    expect(guard.stopped).toBe('AttemptWithdrawn');
    vi.advanceTimersByTime(2000);
    expect(events).toEqual(['0 stop AttemptWithdrawn', '2000 kill AttemptWithdrawn']);
  });
});

test('the end of the grace period cuts a long cleanup short', () => {
  const { guard, events, cancel, endGrace } = guarded({ cleanupMs: 60_000 });
  cancel();
  vi.advanceTimersByTime(1000);
  endGrace();
  vi.advanceTimersByTime(2000);
  expect(events).toEqual(['0 stop Cancelled', '3000 kill WorkerShutdown']);
  // The cancellation still takes precedence.
  expect(guard.stopped).toBe('Cancelled');
});

test.each([
  [new CancelledFailure('WORKER_SHUTDOWN'), 'WorkerShutdown'],
  [new CancelledFailure('CANCELLED'), 'Cancelled'],
  [new CancelledFailure('TIMED_OUT'), 'AttemptWithdrawn'],
  [new CancelledFailure('NOT_FOUND'), 'AttemptWithdrawn'],
  [new CancelledFailure('PAUSED'), 'AttemptWithdrawn'],
  [new Error('WORKER_SHUTDOWN'), 'AttemptWithdrawn'],
])('an abort with %s asks the handler to stop as %s', (reason, means) => {
  expect(stopReason(AbortSignal.abort(reason))).toBe(means);
});
