/**
 * Measures the cost of running handlers in their own processes, and how soon their progress arrives and a
 * stop reaches them.
 *
 *   npm run bench:handlers
 *
 * The overhead is that of the pool alone: to a warm process and back. The rest goes through the whole
 * service: API, Temporal server, worker, handler process. All clocks are this machine's.
 */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HandlerPool, startPool } from '../activities/pool/pool.ts';
import type { Caller, Feed } from '../test/support/caller.ts';
import { startService } from '../test/support/service.ts';
import { startTestServer } from '../test/support/temporal.ts';
import { row } from './support/statistics.ts';
import { hasEnded } from '../test/support/task.ts';

const rounds = { overhead: 2000, recycling: 800, cancel: 40, progress: 4, hardLimit: 8 };
const concurrency = 4;
const never = new AbortController().signal;
const silent = (): void => undefined;
const modules = [resolve('test/support/handlers.mjs'), resolve('test/support/misbehaving.mjs')];

console.log(`\nmilliseconds${' '.repeat(36)}    p50    p95    p99    max      n`);
await overhead();
await recycling();
const server = await startTestServer();
const service = await startService({
  temporal: server,
  environment: { TASKBELL_TASK_MODULES: [...modules, resolve('bench/support/handlers.mjs')].join() },
});
try {
  const alice = await service.as('alice');
  report('cancel requested → signal fires in handler', await cancelLatencies(alice), 'wanted: p95 ≤ 1000');
  report('progress() → watcher', await progressLatencies(alice), 'wanted: p95 ≤ 1500');
  report('hard limit → attempt ended (busy loop)', await overruns(alice), 'wanted: ≤ 1000');
} finally {
  await service.close();
  await server.close();
}

function report(label: string, values: readonly number[], wanted: string, digits = 0): void {
  console.log(`${row(label, values, 44, digits)}   ${wanted}`);
}

function aPool(maxAttempts: number): Promise<HandlerPool> {
  return startPool({
    entry: resolve('dist/activities/pool/handler-main.js'),
    settings: { httpAllowHosts: [], modules },
    environment: { PATH: process.env['PATH'] ?? '' },
    concurrency,
    maxAttempts,
    maxMemoryMb: 400,
    logger: { info: silent, warn: silent, error: silent },
  });
}

/** Runs one attempt. @returns its duration in milliseconds. */
async function attempt(pool: HandlerPool, taskType: string, payload: unknown): Promise<number> {
  const startedAt = performance.now();
  const handlerProcess = await pool.acquire(never);
  const input = { taskId: 't', owner: { id: 'o', name: 'o' }, attempt: 1, idempotencyKey: 'k' };
  await handlerProcess.run({ ...input, taskType, payload }, silent, async () => ({ kind: 'unreadable' }));
  pool.release(handlerProcess);
  return performance.now() - startedAt;
}

/** Measures the overhead of one attempt: to a warm process and back. */
async function overhead(): Promise<void> {
  const pool = await aPool(1_000_000);
  const measure = async (payload: unknown, times: number): Promise<number[]> => {
    const values: number[] = [];
    for (let time = 0; time < times; time += 1) values.push(await attempt(pool, 'echo', payload));
    return values;
  };
  await measure({}, 200);
  report('an attempt in a process, tiny', await measure({}, rounds.overhead), 'wanted: p50 ≤ 3', 2);
  const large = { text: 'x'.repeat(200_000) };
  report('an attempt in a process, 200 kB both ways', await measure(large, rounds.overhead / 10), '', 2);
  await pool.close();
}

/** Measures the cost of replacing processes, far more often than is realistic: once in 50 attempts. */
async function recycling(): Promise<void> {
  for (const maxAttempts of [1_000_000, 50, 50, 1_000_000]) {
    const pool = await aPool(maxAttempts);
    await attempts(pool, 40);
    const startedAt = performance.now();
    const values = await attempts(pool, rounds.recycling);
    const perSecond = rounds.recycling / ((performance.now() - startedAt) / 1000);
    const label = maxAttempts === 50 ? '50 ms, replaced after 50 attempts' : '50 ms, never replaced';
    report(label, values, `${perSecond.toFixed(1)} attempts/s`);
    await pool.close();
  }
}

/** Runs attempts, always as many at a time as the pool allows. @returns their durations in milliseconds. */
async function attempts(pool: HandlerPool, count: number): Promise<number[]> {
  const values: number[] = [];
  const payload = { steps: 1, step_ms: 50 };
  const one = async (): Promise<void> => {
    while (values.length < count) values.push(await attempt(pool, 'slow', payload));
  };
  await Promise.all(Array.from({ length: concurrency }, one));
  return values;
}

async function cancelLatencies(alice: Caller): Promise<number[]> {
  const values: number[] = [];
  for (let round = 0; round < rounds.cancel; round += 1) {
    const { id } = await alice.create({ name: 'stops', type: 'stops', delay: 0 });
    await alice.until(id, 'it to run', ({ attempts }) => attempts.at(-1)?.outcome === 'running');
    // At a random moment between two heartbeats.
    await sleep(Math.random() * 1600);
    const asked = Date.now();
    await alice.call('POST', `/api/tasks/${id}/cancel/`);
    const { attempts } = await alice.until(id, 'its end', hasEnded);
    values.push(Number(attempts[0]?.log[0]?.split(' ').at(-1)) - asked);
  }
  return values;
}

async function progressLatencies(alice: Caller): Promise<number[]> {
  const values = await Promise.all(
    Array.from({ length: rounds.progress }, async () => {
      const { id } = await alice.create({ name: 'paces', type: 'paces', delay: 0, payload: { times: 40 } });
      const feed = await alice.watch(`/ws/tasks/${id}/`);
      const received = progressOf(feed);
      const { result } = await alice.until(id, 'its end', hasEnded, 120_000);
      feed.socket.close();
      // A report that a later one has overtaken counts as received with the later one.
      return (result as number[]).map((reportedAt) => {
        const first = received.find((progress) => progress.reportedAt >= reportedAt);
        return first ? first.at - reportedAt : Number.POSITIVE_INFINITY;
      });
    }),
  );
  return values.flat();
}

function progressOf(feed: Feed): { at: number; reportedAt: number }[] {
  const received: { at: number; reportedAt: number }[] = [];
  feed.socket.on('message', () => {
    const reportedAt = Number(feed.tasks().at(-1)?.progress?.message);
    if (reportedAt) received.push({ at: Date.now(), reportedAt });
  });
  return received;
}

async function overruns(alice: Caller): Promise<number[]> {
  const values: number[] = [];
  const limits = { soft_time_limit: 2, time_limit: 2 };
  for (let round = 0; round < rounds.hardLimit; round += 1) {
    // Two at a time, one for each core; with more, the wait for a fresh process would be measured too.
    const loops = { name: 'loops', type: 'loops', delay: 0, ...limits };
    const tasks = await Promise.all([alice.create(loops), alice.create(loops)]);
    for (const { id } of tasks) {
      const { attempts } = await alice.until(id, 'its end', hasEnded, 60_000);
      const [attempt] = attempts;
      values.push(Date.parse(attempt?.finished_at ?? '') - Date.parse(attempt?.started_at ?? '') - 2000);
    }
  }
  return values;
}
