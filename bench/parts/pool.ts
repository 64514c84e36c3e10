/**
 * Handler processes: the overhead of running an attempt in one, of replacing them, and how exact the hard limit is. The
 * overhead is that of the pool alone: to a warm process and back.
 */
import { resolve } from 'node:path';
import { type HandlerPool, startPool } from '../../activities/pool/pool.ts';
import type { Caller } from '../../test/support/caller.ts';
import { hasEnded } from '../../test/support/task.ts';
import { atOnce, numbers, oneByOne } from '../support/load.ts';
import type { Stage } from '../support/stage.ts';
import { percentile } from '../support/statistics.ts';

const times = { overhead: 2000, recycling: 800, hardLimit: 8 };
const concurrency = 4;
/** Attempts after which a process is replaced, far more often than is realistic. */
const replacedAfter = 50;
const never = new AbortController().signal;
const silent = (): void => undefined;

export async function measurePool(stage: Stage): Promise<void> {
  stage.note('handler processes');
  await measureOverhead(stage);
  await measureRecycling(stage);
  const { caller } = await stage.taskbell.signIn();
  const overruns = await overrunsOf(caller);
  stage.report({
    title: 'hard limit to end of attempt (busy loop), slowest',
    unit: 'ms',
    digits: 0,
    target: { atMost: 1000 },
    values: { taskbell: [Math.max(...overruns)] },
  });
}

function aPool(maxAttempts: number): Promise<HandlerPool> {
  return startPool({
    entry: resolve('dist/activities/pool/handler-main.js'),
    settings: { httpAllowHosts: [], modules: [resolve('test/support/handlers.mjs')] },
    environment: { PATH: process.env['PATH'] ?? '' },
    concurrency,
    maxAttempts,
    maxMemoryMb: 400,
    logger: { info: silent, warn: silent, error: silent },
  });
}

async function attempt(pool: HandlerPool, taskType: string, payload: unknown): Promise<void> {
  const handlerProcess = await pool.acquire(never);
  const input = { taskId: 't', owner: { id: 'o', name: 'o' }, attempt: 1, idempotencyKey: 'k' };
  await handlerProcess.run({ ...input, taskType, payload }, silent, async () => ({ kind: 'unreadable' }));
  pool.release(handlerProcess);
}

async function measureOverhead({ report }: Stage): Promise<void> {
  const pool = await aPool(1_000_000);
  const measure = (payload: unknown, count: number): Promise<number[]> =>
    oneByOne(count, () => attempt(pool, 'echo', payload));
  await measure({}, 200);
  const tiny = await measure({}, times.overhead);
  const large = await measure({ text: 'x'.repeat(200_000) }, times.overhead / 10);
  await pool.close();
  report({
    title: 'an attempt in a process, tiny, p50',
    unit: 'ms',
    digits: 2,
    target: { atMost: 3 },
    values: { taskbell: [percentile(tiny, 0.5)] },
  });
  report({
    title: '  200 kB both ways, p50',
    unit: 'ms',
    digits: 2,
    values: { taskbell: [percentile(large, 0.5)] },
  });
}

/** Measures what it costs to replace processes. The pools take turns, so that drift affects both alike. */
async function measureRecycling({ report }: Stage): Promise<void> {
  const rates: Record<'kept' | 'replaced', number[]> = { kept: [], replaced: [] };
  for (const name of ['kept', 'replaced', 'replaced', 'kept'] as const) {
    const pool = await aPool(name === 'kept' ? 1_000_000 : replacedAfter);
    const run = () => attempt(pool, 'slow', { steps: 1, step_ms: 50 });
    await atOnce(concurrency, numbers(40), run);
    rates[name].push((await atOnce(concurrency, numbers(times.recycling), run)).perSecond);
    await pool.close();
  }
  const rate = { unit: 'per s', moreIsBetter: true };
  report({ title: 'attempts of 50 ms', ...rate, values: { taskbell: rates.kept } });
  report({
    title: `  with a process replaced after ${replacedAfter}`,
    ...rate,
    values: { taskbell: rates.replaced },
  });
}

/** Returns how long after its hard limit each attempt ended, in milliseconds. */
async function overrunsOf(alice: Caller): Promise<number[]> {
  const limits = { soft_time_limit: 2, time_limit: 2 };
  // Two at a time, one for each core; with more, the wait for a fresh process would be measured too.
  const { results } = await atOnce(2, numbers(times.hardLimit), async () => {
    const { id } = await alice.create({ name: 'loops', type: 'loops', delay: 0, ...limits });
    const { attempts } = await alice.until(id, 'its end', hasEnded, 60_000);
    return Date.parse(attempts[0]?.finished_at ?? '') - Date.parse(attempts[0]?.started_at ?? '') - 2000;
  });
  return results;
}
