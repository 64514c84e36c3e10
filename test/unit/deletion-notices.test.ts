import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createDeletionNotices } from '../../src/bridge/deletion-notices.ts';
import type { Deletion } from '../../src/tasks/deletions.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A Temporal that takes 100 ms to start a run, and fails while it is away. */
function setUp() {
  const temporal = { posted: [] as string[][], removed: [] as number[], isAway: false };
  const notices = createDeletionNotices({
    async post(deletions: readonly Deletion[]) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (temporal.isAway) throw new Error('away');
      return temporal.posted.push(deletions.map(({ id }) => id));
    },
    remove: async (notice) => void temporal.removed.push(notice),
    logger: pino({ level: 'silent' }),
  });
  const add = (...ids: string[]): void => {
    for (const id of ids) notices.add({ id, owner: 'alice', at: 0 });
  };
  return { temporal, notices, add };
}

describe('notices of deletions', () => {
  test('are posted at once, and removed when every process has seen them', async () => {
    const { temporal, notices, add } = setUp();
    add('a');
    await vi.advanceTimersByTimeAsync(100);
    expect(temporal.posted).toEqual([['a']]);
    await vi.advanceTimersByTimeAsync(14_000);
    expect(temporal.removed).toEqual([]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(temporal.removed).toEqual([1]);
    await notices.close();
  });

  test('of a thousand tasks are few', async () => {
    const { temporal, notices, add } = setUp();
    const ids = Array.from({ length: 1000 }, (_, index) => String(index));
    add(...ids);
    await vi.advanceTimersByTimeAsync(2000);
    expect(temporal.posted.length).toBeLessThanOrEqual(11);
    expect(temporal.posted.flat()).toEqual(ids);
    await notices.close();
  });

  test('that cannot be posted do not keep later ones from being posted', async () => {
    const { temporal, notices, add } = setUp();
    temporal.isAway = true;
    add('a');
    await vi.advanceTimersByTimeAsync(100);
    temporal.isAway = false;
    add('b');
    await vi.advanceTimersByTimeAsync(100);
    expect(temporal.posted).toEqual([['b']]);
    await notices.close();
  });

  test('are all posted before the process ends', async () => {
    const { temporal, notices, add } = setUp();
    add('a', 'b');
    const closed = notices.close();
    await vi.advanceTimersByTimeAsync(200);
    await closed;
    expect(temporal.posted.flat()).toEqual(['a', 'b']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
