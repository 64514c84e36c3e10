/** Figures of the service that take calls to Temporal: how often, and how they are found. */
import { describe, expect, test } from 'vitest';
import { measureBuild } from '../../../src/metrics/build-info.ts';
import { measureService } from '../../../src/metrics/api.ts';
import { createSample } from '../../../src/metrics/sample.ts';
import type { Execution } from '../../../src/tasks/execution.ts';
import { readPending } from '../../../src/tasks/pending.ts';
import type { Page } from '../../../src/tasks/store.ts';
import { recordTelemetry } from '../../support/telemetry.ts';

describe('a sample', () => {
  test('is read when someone asks, and not again within half a minute, even if that fails', async () => {
    let now = 0;
    let reads = 0;
    const sample = createSample(
      async () => {
        reads += 1;
        if (reads === 2) throw new Error('away');
        return reads;
      },
      { now: () => now },
    );
    expect(reads).toBe(0);
    expect(await Promise.all([sample.read(), sample.read()])).toEqual([1, 1]);
    now = 29_999;
    expect(await sample.read()).toBe(1);
    now = 30_000;
    await expect(sample.read()).rejects.toThrow('away');
    await expect(sample.read()).rejects.toThrow('away');
    now = 60_000;
    expect(await sample.read()).toBe(3);
  });
});

describe('the gauges of the service', () => {
  const counts = { SCHEDULED: 1, PENDING: 2, RUNNING: 3, COMPLETED: 4, FAILED: 5, CANCELLED: 6 };

  test('have the figures, and are read once for all of a page', async () => {
    const telemetry = recordTelemetry();
    let calls = 0;
    measureService(telemetry, {
      countByStatus: async () => counts,
      pending: async () => {
        calls += 1;
        return { oldestSeconds: 7, overdue: 8 };
      },
      countWorkers: async () => 9,
      // A server that does not say how long the workflow tasks have waited.
      backlog: async (queue) => (queue === 'attempts' ? { count: 10, ageSeconds: 11 } : undefined),
    });
    const gauges = await telemetry.gauges();
    expect(gauges.map(({ name, labels, value }) => [name, ...Object.values(labels), value])).toEqual([
      ...Object.entries(counts).map(([status, count]) => ['taskbell_tasks', status, count]),
      ['taskbell_oldest_pending_seconds', 7],
      ['taskbell_overdue_tasks', 8],
      ['taskbell_workers', 9],
      ['taskbell_queue_backlog', 'attempts', 10],
      ['taskbell_queue_backlog_age_seconds', 'attempts', 11],
    ]);
    expect(calls).toBe(1);
  });

  test("name the versions; the server's is unknown while it is away", async () => {
    const telemetry = recordTelemetry();
    const build = { version: '1.2.3', sdk: '4.5.6' };
    measureBuild(telemetry, build, async () => ({ serverVersion: '7.8.9' }));
    measureBuild(telemetry, build, () => Promise.reject(new Error('away')));
    const node = process.versions.node;
    expect((await telemetry.gauges()).map(({ labels, value }) => [labels, value])).toEqual([
      [{ ...build, node, server: '7.8.9' }, 1],
      [{ ...build, node, server: 'unknown' }, 1],
    ]);
  });
});

describe('the oldest of the pending tasks', () => {
  const now = Date.parse('2030-01-01T00:00:00.000Z');
  type Row = Pick<Execution, 'scheduledAt' | 'updatedAt'> & { readonly after?: readonly string[] };

  /** A store of pending tasks, with their ages in milliseconds, newest first, as visibility lists them. */
  function storeOf(rows: readonly Row[]) {
    const calls = { list: 0, count: 0 };
    const matching = (query: string): Row[] => {
      const [, before = ''] = /TaskScheduledAt < '([^']+)'/.exec(query) ?? [];
      return rows.filter(({ scheduledAt }) => before === '' || scheduledAt < Date.parse(before));
    };
    const store = {
      async list(query: string, pageSize: number): Promise<Page> {
        calls.list += 1;
        const found = matching(query);
        const executions = found
          .slice(0, pageSize)
          .map(({ after = [], ...row }) => ({ ...row, memo: { after } }) as unknown as Execution);
        return { executions, nextPageToken: found.length > pageSize ? new Uint8Array(1) : undefined };
      },
      async count(query: string): Promise<number> {
        calls.count += 1;
        return matching(query).length;
      },
    };
    return { store, calls };
  }

  function aged(ageMs: number): Row {
    return { scheduledAt: now - ageMs, updatedAt: now - ageMs };
  }

  test('is 0 seconds old if there is none', async () => {
    expect(await readPending(storeOf([]).store, now)).toEqual({ oldestSeconds: 0, overdue: 0 });
  });

  test('takes one call if they are few', async () => {
    const { store, calls } = storeOf([aged(500), aged(61_000), aged(90_000)]);
    expect(await readPending(store, now)).toEqual({ oldestSeconds: 90, overdue: 2 });
    expect(calls).toEqual({ list: 1, count: 0 });
  });

  test('has been due since its predecessors ended or it was run early, where it had to wait or did not wait for its time', async () => {
    const waited = { scheduledAt: now - 86_400_000, updatedAt: now - 2000, after: ['other'] };
    const early = { scheduledAt: now + 86_400_000, updatedAt: now - 3000 };
    expect(await readPending(storeOf([waited, early]).store, now)).toEqual({ oldestSeconds: 3, overdue: 0 });
  });

  test.each([
    ['one is much older than the rest', [7 * 86_400_000]],
    ['all are of the same age', []],
    ['many are old', Array.from({ length: 500 }, (_, index) => 3_600_000 + index)],
  ])('is found among many in a few calls: %s', async (_what, old) => {
    const rows = [...Array.from({ length: 1000 }, () => aged(120_000)), ...old.map(aged)];
    const { store, calls } = storeOf(rows);
    const { oldestSeconds, overdue } = await readPending(store, now);
    const actual = Math.max(120_000, ...old) / 1000;
    expect(oldestSeconds).toBeLessThanOrEqual(actual);
    expect(oldestSeconds).toBeGreaterThan(actual / 1.1);
    expect(overdue).toBe(rows.length);
    expect(calls.list + calls.count).toBeLessThan(12);
  });
});
