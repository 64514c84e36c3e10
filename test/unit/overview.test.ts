/** The parts of the overview that need no Temporal; test/api/overview.test.ts has the rest. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import proto from '@temporalio/proto';
import { overviewRanges } from '../../src/contract/overview.ts';
import { uuidFrom } from '../../src/lib/uuid.ts';
import { describeLateness, percentile } from '../../src/tasks/lateness.ts';
import { createOutcomes } from '../../src/tasks/outcomes.ts';
import { periodsUntil, tally } from '../../src/tasks/periods.ts';
import { createSharedAnswers } from '../../src/tasks/shared-answers.ts';
import { liveWorkers } from '../../src/temporal/workers.ts';
import type { Execution } from '../../src/tasks/execution.ts';
import type { Ending } from '../../src/tasks/ending.ts';

const { WorkerStatus } = proto.temporal.api.enums.v1;
const now = Date.parse('2030-01-31T09:32:10.250Z');

test('periods are aligned, and the last one contains the present, even at its very start', () => {
  const { from, to, starts } = periodsUntil(now, 12, 300_000);
  expect(new Date(from).toISOString()).toBe('2030-01-31T08:35:00.000Z');
  expect(new Date(to).toISOString()).toBe('2030-01-31T09:35:00.000Z');
  expect(starts).toHaveLength(12);
  expect(starts.at(-1)).toBe(to - 300_000);
  const boundary = Date.parse('2030-01-31T09:30:00.000Z');
  expect(periodsUntil(boundary, 12, 300_000).starts.at(-1)).toBe(boundary);
  expect(periodsUntil(boundary - 1, 12, 300_000).to).toBe(boundary);
});

test('a tally counts each instant once, at a boundary in the period that starts there', () => {
  const at = { from: 1000, count: 3, lengthMs: 100 };
  expect(tally([999, 1000, 1099, 1100, 1299, 1300], at)).toEqual([2, 1, 1]);
  expect(tally([], at)).toEqual([0, 0, 0]);
});

test.each([
  { percent: 50, of: [1], is: 1 },
  { percent: 50, of: [1, 2], is: 1 },
  { percent: 50, of: [1, 2, 3], is: 2 },
  { percent: 95, of: Array.from({ length: 20 }, (_, index) => index + 1), is: 19 },
  { percent: 95, of: Array.from({ length: 21 }, (_, index) => index + 1), is: 20 },
  { percent: 95, of: [1, 2, 3], is: 3 },
])('percentile $percent of $of is $is', ({ percent, of, is }) => {
  expect(percentile(of, percent)).toBe(is);
});

test('lateness is described for values in any order, and is null for none', () => {
  expect(describeLateness([])).toBeNull();
  expect(describeLateness([0.5, 0, 10, 2])).toEqual({ count: 4, p50: 0.5, p95: 10, max: 10 });
});

const run = (closedAt: number, status: Execution['status'] = 'completed', lateMs = 0): Execution => ({
  id: `task-${closedAt}`,
  runId: `run-${closedAt}-${status}`,
  status,
  startedAt: 0,
  closedAt,
  isRetry: false,
  owner: 'o',
  storedStatus: 'PENDING',
  tags: [],
  scheduledAt: closedAt - lateMs,
  updatedAt: 0,
  version: 1,
  scheduleId: undefined,
  memo: {
    name: 'n',
    description: '',
    type: 'echo',
    priority: 3,
    retry: { max_retries: 0, initial_interval: 1, backoff_coefficient: 1, maximum_interval: 1 },
    soft_time_limit: 1,
    time_limit: 1,
    created_at: '',
    retry_count: 0,
    attempt: 0,
    ...(lateMs === 0 ? {} : { started_at: new Date(closedAt).toISOString() }),
  },
});

/** Creates a store of ended runs, latest end first, that counts the calls made to it. */
function storeOf(runs: readonly Execution[]) {
  const calls = { list: 0, count: 0, ending: 0 };
  let broken = false;
  const within = (query: string): Execution[] => {
    const [, from = '', to = ''] = /CloseTime >= '([^']+)' AND CloseTime < '([^']+)'/.exec(query) ?? [];
    const owner = /TaskOwner = '([^']+)'/.exec(query)?.[1];
    const ran = query.includes("IN ('Completed', 'Failed')");
    const bound = /WorkflowId < '([^']+)'/.exec(query)?.[1];
    return runs
      .filter(({ id }) => bound === undefined || id < bound)
      .filter(({ status }) => !ran || status === 'completed' || status === 'failed')
      .filter((each) => owner === undefined || each.owner === owner)
      .filter(({ closedAt = 0 }) => closedAt >= Date.parse(from) && closedAt < Date.parse(to))
      .toSorted((a, b) => (b.closedAt ?? 0) - (a.closedAt ?? 0));
  };
  const answer = <T>(kind: keyof typeof calls, value: T): Promise<T> => {
    calls[kind] += 1;
    return broken ? Promise.reject(new Error('away')) : Promise.resolve(value);
  };
  return {
    calls,
    breaks: (is: boolean) => (broken = is),
    list: (query: string, pageSize: number) => {
      const executions = within(query);
      const nextPageToken = executions.length > pageSize ? new Uint8Array([1]) : undefined;
      return answer('list', { executions: executions.slice(0, pageSize), nextPageToken });
    },
    countByExecution: (query: string) =>
      answer(
        'count',
        within(query).map(({ status }): [Execution['status'], number] => [status, 1]),
      ),
    ending: () => answer<Ending>('ending', { result: null, errorMessage: null, attempts: [] } as never),
  };
}

const lengthMs = 300_000;
const { starts, from, to } = periodsUntil(now, 12, lengthMs);
const periods = { owner: undefined, starts, lengthMs, now };

test('every ended run is counted once, at the boundaries too, whether or not one page lists them all', async () => {
  const statuses = ['completed', 'failed', 'cancelled', 'terminated', 'timed_out'] as const;
  for (const each of [1, 3, 40, 60]) {
    const runs = starts.flatMap((start, index) =>
      Array.from({ length: index % 4 === 3 ? 0 : each }, (_, at) =>
        run(start + Math.floor((at * lengthMs) / each), statuses[at % 5], 1500),
      ),
    );
    runs.push(run(from - 1), run(to), run(starts[3] ?? 0, 'cancelled', 1), run((starts[3] ?? 0) - 1));
    const buckets = await createOutcomes(storeOf(runs))(periods);
    expect(buckets).toHaveLength(12);
    for (const [index, start] of starts.entries()) {
      const inside = runs.filter(({ closedAt = 0 }) => closedAt >= start && closedAt < start + lengthMs);
      const having = (...wanted: Execution['status'][]) =>
        inside.filter(({ status }) => wanted.includes(status)).length;
      expect(buckets[index]).toMatchObject({
        from: new Date(start).toISOString(),
        completed: having('completed'),
        failed: having('failed', 'terminated', 'timed_out'),
        cancelled: having('cancelled'),
      });
    }
    const ran = Math.ceil(each / 5) + Math.ceil((each - 1) / 5);
    expect(buckets[0]?.lateness).toMatchObject({ sampled: false, p50: 1.5, p95: 1.5, max: 1.5 });
    expect(buckets[0]?.lateness?.count).toBeGreaterThanOrEqual(ran);
  }
});

test('many tasks cancelled while they waited do not hide how late the others started', async () => {
  const start = starts[4] ?? 0;
  const slept = Array.from({ length: 200 }, (_, at) => run(start + 1000 + at, 'cancelled', 0));
  const ran = [run(start + 1, 'completed', 4000), run(start + 2, 'failed', 2000)];
  const buckets = await createOutcomes(storeOf([...slept, ...ran]))(periods);
  expect(buckets[4]).toMatchObject({ completed: 1, failed: 1, cancelled: 200 });
  expect(buckets[4]?.lateness).toEqual({ count: 2, sampled: false, p50: 2, p95: 4, max: 4 });
});

test.each(['hour', 'day', 'week'] as const)(
  'a burst of late runs shows in the lateness of the %s, although many others ended after it',
  async (range) => {
    const { buckets: count, seconds } = overviewRanges[range];
    const lengthMs = seconds * 1000;
    const { starts } = periodsUntil(now, count, lengthMs);
    const start = starts[0] ?? 0;
    const ended = Array.from({ length: 1000 }, (_, at) => ({
      ...run(start + at, 'completed', at < 100 ? 90_000 : 500),
      id: uuidFrom(`run ${at}`),
      runId: `run ${at}`,
    }));
    const store = storeOf(ended);
    const [bucket] = await createOutcomes(store)({ owner: undefined, starts: [start], lengthMs, now });
    expect(bucket).toMatchObject({
      completed: 1000,
      lateness: { sampled: true, p50: 0.5, p95: 90, max: 90 },
    });
    expect(bucket?.lateness?.count).toBeGreaterThan(20);
    expect(bucket?.lateness?.count).toBeLessThan(80);
    // A page of the latest ends, the count, and the sample.
    expect(store.calls).toMatchObject({ list: 2, count: 1 });
  },
);

test('a page that ends at a boundary does not hide other runs that ended at that instant', async () => {
  const boundary = starts[5] ?? 0;
  const at = (closedAt: number, count: number): Execution[] =>
    Array.from({ length: count }, () => run(closedAt, 'completed', 1));
  const buckets = await createOutcomes(storeOf([...at(boundary + 1, 49), ...at(boundary, 2)]))(periods);
  expect(buckets[5]).toMatchObject({ completed: 51 });
});

test('cached outcomes are separate for each owner and each length of period', async () => {
  const theirs = { ...run(from + 1, 'failed', 1), owner: 'p' };
  const outcomes = createOutcomes(storeOf([theirs, run(from + 2, 'completed', 1)]));
  const first = async (more: object) => (await outcomes({ ...periods, ...more }))[0];
  for (let times = 0; times < 2; times += 1) {
    expect(await first({})).toMatchObject({ completed: 1, failed: 1 });
    expect(await first({ owner: 'p' })).toMatchObject({ completed: 0, failed: 1 });
    expect(await first({ owner: 'o' })).toMatchObject({ completed: 1, failed: 0 });
    const brief = periodsUntil(from, 1, 2);
    expect(await first({ starts: brief.starts, lengthMs: 2 })).toMatchObject({ completed: 0, failed: 1 });
  }
});

test('a few runs take one call, and periods that are over are not read again', async () => {
  const store = storeOf([run(from + 1, 'completed', 5), run(now - 1, 'failed', 5)]);
  const outcomes = createOutcomes(store);
  const first = await outcomes(periods);
  expect(store.calls).toEqual({ list: 1, count: 0, ending: 0 });
  expect(await outcomes(periods)).toEqual(first);
  expect(store.calls.list).toBe(2);
});

test('a period is cached only ten seconds after its end, since ends of runs can become known late', async () => {
  const late = run((starts.at(-1) ?? 0) - 1, 'completed', 1);
  const runs: Execution[] = [];
  const outcomes = createOutcomes(storeOf(runs));
  const justEnded = { ...periods, now: starts.at(-1) ?? 0 };
  expect((await outcomes(justEnded)).at(-2)).toMatchObject({ completed: 0 });
  runs.push(late);
  expect((await outcomes({ ...justEnded, now: justEnded.now + 9999 })).at(-2)).toMatchObject({
    completed: 1,
  });
  expect((await outcomes({ ...justEnded, now: justEnded.now + 10_000 })).at(-2)).toMatchObject({
    completed: 1,
  });
  runs.pop();
  expect((await outcomes({ ...justEnded, now: justEnded.now + 10_001 })).at(-2)).toMatchObject({
    completed: 1,
  });
});

test('a failed read is repeated on the next call', async () => {
  const store = storeOf([run(from + 1, 'completed', 5)]);
  const outcomes = createOutcomes(store);
  store.breaks(true);
  await expect(outcomes(periods)).rejects.toThrow('away');
  store.breaks(false);
  expect((await outcomes(periods))[0]).toMatchObject({ completed: 1 });
});

test('an answer is shared by all who ask at the same time or soon after, and a failure is not kept', async () => {
  const shared = createSharedAnswers<number>({ freshMs: 60_000, max: 10 });
  let asked = 0;
  const find = async (): Promise<number> => (asked += 1);
  const ask = (key: string): Promise<number> => shared(key, find);
  expect(await Promise.all([ask('a'), ask('a'), ask('b'), ask('a')])).toEqual([1, 1, 2, 1]);
  expect(await ask('a')).toBe(1);
  const momentary = createSharedAnswers<number>({ freshMs: 0, max: 10 });
  expect(await momentary('a', find)).not.toBe(await momentary('a', find));
  const byCost = createSharedAnswers<number>({ freshMs: (tookMs) => (tookMs < 10 ? 0 : 60_000), max: 10 });
  expect(await byCost('quick', find)).not.toBe(await byCost('quick', find));
  const slow = (): Promise<number> => sleep(20).then(find);
  expect(await byCost('slow', slow)).toBe(await byCost('slow', slow));
  const before = asked;
  const fail = (): Promise<number> => Promise.reject(new Error('away'));
  await expect(shared('c', fail)).rejects.toThrow('away');
  expect(await ask('c')).toBe(before + 1);
});

const seconds = (ms: number) => ({ seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1_000_000 });
const heartbeat = (more: Record<string, unknown> = {}, slots: Record<string, number> = {}) => ({
  workerIdentity: '1@a',
  status: WorkerStatus.WORKER_STATUS_RUNNING,
  startTime: seconds(now - 60_000) as never,
  heartbeatTime: seconds(now - 5000) as never,
  activityTaskSlotsInfo: { currentUsedSlots: 1, currentAvailableSlots: 3, ...slots },
  ...more,
});

test('a worker is listed once, with its slots for attempts, while it runs and sends heartbeats', () => {
  const workflows = heartbeat({}, { currentUsedSlots: 0, currentAvailableSlots: 0 });
  const counted = heartbeat({}, { totalProcessedTasks: 7, totalFailedTasks: 2 });
  const listed = liveWorkers([workflows, counted], [{ identity: '1@a', lastSeenAt: now }], now);
  expect(listed).toEqual([
    {
      identity: '1@a',
      last_seen_at: new Date(now - 5000).toISOString(),
      started_at: new Date(now - 60_000).toISOString(),
      attempts: { used: 1, available: 3, completed: 5, failed: 2 },
    },
  ]);
  const poller = [{ identity: '1@a', lastSeenAt: now - 1000 }];
  const stopping = heartbeat({ status: WorkerStatus.WORKER_STATUS_SHUTTING_DOWN });
  expect(liveWorkers([workflows, stopping], poller, now)).toEqual([]);
  const killed = heartbeat({ heartbeatTime: seconds(now - 46_000) });
  expect(liveWorkers([killed], poller, now)).toEqual([]);
});

test('a worker without heartbeats is listed by its polls, until the last is older than a poll can take', () => {
  const [listed] = liveWorkers([], [{ identity: '1@a', lastSeenAt: now - 60_000 }], now);
  expect(listed).toEqual({
    identity: '1@a',
    last_seen_at: new Date(now - 60_000).toISOString(),
    started_at: null,
    attempts: null,
  });
  expect(liveWorkers([], [{ identity: '1@a', lastSeenAt: now - 71_000 }], now)).toEqual([]);
});

test('a process that took over an identity is listed in place of the previous one', () => {
  const before = heartbeat({ heartbeatTime: seconds(now - 20_000) }, { currentUsedSlots: 4 });
  const after = heartbeat();
  for (const order of [
    [before, after],
    [after, before],
  ]) {
    expect(liveWorkers(order, [], now).map(({ attempts }) => attempts?.used)).toEqual([1]);
  }
});

test('at most 200 workers are listed', () => {
  const many = Array.from({ length: 300 }, (_, index) => heartbeat({ workerIdentity: `${index}@a` }));
  expect(liveWorkers(many, [], now)).toHaveLength(200);
});
