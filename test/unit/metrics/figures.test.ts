/** Figures of the service that take calls to Temporal: how often, and how they are found. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { measureBuild } from '../../../src/metrics/build-info.ts';
import { measureService } from '../../../src/metrics/api.ts';
import { createSample } from '../../../src/metrics/sample.ts';
import type { Execution } from '../../../src/tasks/execution.ts';
import { readPending } from '../../../src/tasks/pending.ts';
import type { Page } from '../../../src/tasks/store.ts';
import { type Measurement, recordTelemetry } from '../../support/telemetry.ts';
import { meetsQuery, type VisibilityRow } from '../../support/visibility-fake.ts';

describe('a sample', () => {
  /** A sample whose reads end when the test says so, by a clock that the test sets. */
  function start() {
    const clock = { now: 0 };
    const reads: { resolve: (value: number) => void; reject: (error: Error) => void }[] = [];
    const read = () => new Promise<number>((resolve, reject) => void reads.push({ resolve, reject }));
    const sample = createSample(read, { now: () => clock.now, patienceMs: 20 });
    /** Returns what it shows at an instant; a read that this begins ends as given, or goes on. */
    const at = async (ms: number, end?: number | Error): Promise<unknown> => {
      clock.now = ms;
      const before = reads.length;
      const shown = sample.read().catch(String);
      if (end !== undefined && reads.length === before) throw new Error('nothing was read');
      if (typeof end === 'number') reads.at(-1)?.resolve(end);
      else if (end) reads.at(-1)?.reject(end);
      return shown;
    };
    return { sample, reads, at };
  }

  test('is read when someone asks, and not again within half a minute', async () => {
    const { sample, reads, at } = start();
    expect(reads).toHaveLength(0);
    const shown = [sample.read(), at(0)];
    reads[0]?.resolve(1);
    expect(await Promise.all(shown)).toEqual([1, 1]);
    expect(await at(29_999)).toBe(1);
    expect(reads).toHaveLength(1);
    expect(await at(30_000, 2)).toBe(2);
  });

  test('shows the last value while a read takes long, up to two minutes after that was read', async () => {
    const { reads, at } = start();
    await at(0, 1);
    expect(await at(30_000)).toBe(1);
    expect(await at(119_999)).toBe(1);
    const late = at(120_000);
    // One read at a time.
    expect(reads).toHaveLength(2);
    reads[1]?.resolve(2);
    expect(await late).toBe(2);
  });

  test('shows the last value while reads fail, for as long', async () => {
    const { at } = start();
    await at(0, 1);
    for (const ms of [30_000, 60_000, 90_000]) expect(await at(ms, new Error('away'))).toBe(1);
    expect(await at(119_999)).toBe(1);
    expect(await at(120_000, new Error('away'))).toBe('Error: away');
    expect(await at(124_999)).toBe('Error: away');
    expect(await at(125_000, 2)).toBe(2);
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

  test('are there while Temporal is slow: the number of workers at once, all others as they were', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const telemetry = recordTelemetry();
    let slow = false;
    const figure = async <T>(value: T): Promise<T> => {
      if (slow) await new Promise((resolve) => setTimeout(resolve, 4000));
      return value;
    };
    let workers = 1;
    const remove = measureService(telemetry, {
      countByStatus: () => figure(counts),
      pending: () => figure({ oldestSeconds: 7, overdue: 8 }),
      countWorkers: async () => workers,
      backlog: () => figure({ count: 10, ageSeconds: 11 }),
    });
    const first = await telemetry.gauges();
    await vi.advanceTimersByTimeAsync(31_000);
    slow = true;
    workers = 2;
    const page = telemetry.gauges();
    // Less than a page has.
    await vi.advanceTimersByTimeAsync(2500);
    const shown = ({ name, labels, value }: Measurement) => [name, labels, value];
    const others = (each: readonly Measurement[]) =>
      each.filter(({ name }) => name !== 'taskbell_workers').map(shown);
    expect(others(await page)).toEqual(others(first));
    expect((await page).find(({ name }) => name === 'taskbell_workers')?.value).toBe(2);
    remove();
    expect(await telemetry.gauges()).toEqual([]);
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
  const hour = 3_600_000;
  type Row = Pick<Execution, 'storedStatus' | 'scheduledAt' | 'updatedAt' | 'version'> & {
    readonly createdAt: number;
    /** When it became due, in the eyes of its owner. */
    readonly dueAt: number;
  };

  function columnsOf({ storedStatus, scheduledAt, updatedAt, version, createdAt }: Row): VisibilityRow {
    return {
      WorkflowType: 'task',
      ExecutionStatus: 'Running',
      TaskStatus: storedStatus,
      TaskScheduledAt: new Date(scheduledAt).toISOString(),
      TaskUpdatedAt: new Date(updatedAt).toISOString(),
      TaskCreatedAt: new Date(createdAt).toISOString(),
      TaskVersion: version,
    };
  }

  /** A store of pending tasks, newest first, as visibility lists them. */
  function storeOf(rows: readonly Row[]) {
    const calls = { list: 0, count: 0 };
    const matching = (query: string): Row[] => rows.filter((row) => meetsQuery(query, columnsOf(row)));
    const store = {
      async list(query: string, pageSize: number): Promise<Page> {
        calls.list += 1;
        const found = matching(query).toSorted((a, b) => b.createdAt - a.createdAt);
        const executions = found
          .slice(0, pageSize)
          .map(
            ({ createdAt, ...row }) =>
              ({ ...row, memo: { created_at: new Date(createdAt).toISOString() } }) as unknown as Execution,
          );
        return { executions, nextPageToken: found.length > pageSize ? new Uint8Array(1) : undefined };
      },
      async count(query: string): Promise<number> {
        calls.count += 1;
        return matching(query).length;
      },
    };
    return { store, calls };
  }

  /** A task that was created `createdMs` ago and hibernated until `ageMs` ago. */
  function hibernated(ageMs: number, createdMs = ageMs + 24 * hour): Row {
    const [scheduledAt, createdAt] = [now - ageMs, now - createdMs];
    return {
      storedStatus: 'SCHEDULED',
      scheduledAt,
      updatedAt: createdAt,
      version: 1,
      createdAt,
      dueAt: scheduledAt,
    };
  }

  /** A task whose last write was `ageMs` ago, at which it could start. */
  function written(ageMs: number, changes: Partial<Row>): Row {
    return { ...hibernated(ageMs), updatedAt: now - ageMs, dueAt: now - ageMs, ...changes };
  }

  test('is 0 seconds old if there is none', async () => {
    expect(await readPending(storeOf([]).store, now)).toEqual({ oldestSeconds: 0, overdue: 0 });
  });

  test('takes one call if they are few', async () => {
    const { store, calls } = storeOf([hibernated(500), hibernated(61_000), hibernated(90_000)]);
    expect(await readPending(store, now)).toEqual({ oldestSeconds: 90, overdue: 2 });
    expect(calls).toEqual({ list: 1, count: 0 });
  });

  test.each<[string, Row]>([
    ['its scheduled time, not its creation, if it has hibernated', hibernated(3000)],
    [
      'its creation, if it was due then',
      written(3000, { scheduledAt: now - 5000, createdAt: now - 3000, version: 1 }),
    ],
    [
      'its resumption, if it was paused beyond its time',
      written(3000, { scheduledAt: now - hour, version: 3 }),
    ],
    [
      'the end of its predecessors, if it had to wait for them',
      written(3000, { scheduledAt: now - hour, version: 2 }),
    ],
    [
      'the request to run early',
      written(3000, { storedStatus: 'PENDING', scheduledAt: now + hour, version: 3 }),
    ],
    [
      'its scheduled time, if a worker came later',
      { ...hibernated(3000), storedStatus: 'PENDING', version: 2, updatedAt: now - 1000 },
    ],
    [
      'its creation, if a worker came later',
      {
        ...hibernated(5000),
        storedStatus: 'PENDING',
        version: 2,
        createdAt: now - 3000,
        updatedAt: now - 1000,
      },
    ],
  ])('has been due since %s', async (_what, row) => {
    expect(await readPending(storeOf([row]).store, now)).toEqual({ oldestSeconds: 3, overdue: 0 });
  });

  const early = (ageMs: number): Row =>
    written(ageMs, { storedStatus: 'PENDING', scheduledAt: now + hour, version: 3 });

  test.each<[string, Row[]]>([
    ['one is much older than the rest', [hibernated(7 * 24 * hour)]],
    ['all are of the same age', []],
    ['many are old', Array.from({ length: 500 }, (_, index) => hibernated(hour + index))],
    ['the oldest were run early', Array.from({ length: 500 }, (_, index) => early(5 * hour + index))],
    [
      'many were resumed long after their time',
      Array.from({ length: 500 }, () => written(1500, { scheduledAt: now - 90 * 24 * hour, version: 3 })),
    ],
  ])('is found among many in a few calls: %s', async (_what, others) => {
    const rows = [...Array.from({ length: 1000 }, () => hibernated(120_000)), ...others];
    const { store, calls } = storeOf(rows);
    const { oldestSeconds, overdue } = await readPending(store, now);
    const ages = rows.map(({ dueAt }) => now - dueAt);
    const actual = Math.max(...ages) / 1000;
    expect(oldestSeconds).toBeLessThanOrEqual(actual);
    expect(oldestSeconds).toBeGreaterThan(actual / 1.1);
    expect(overdue).toBe(ages.filter((age) => age > 60_000).length);
    expect(calls.list + calls.count).toBeLessThan(12);
  });

  test('is not said to be older than it is, if all of many have just become due', async () => {
    const { store } = storeOf(Array.from({ length: 500 }, () => hibernated(200)));
    expect(await readPending(store, now)).toEqual({ oldestSeconds: 0.2, overdue: 0 });
  });
});
