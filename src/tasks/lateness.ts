/** How long after their time the runs of a sample began. */
import { ifFound } from '../contract/errors.ts';
import type { Lateness } from '../contract/overview.ts';
import { LeastRecent } from '../least-recent.ts';
import { forEachOf } from '../limiter.ts';
import type { Execution } from './execution.ts';
import type { TaskStore } from './store.ts';

const concurrency = 4;
/** An ended run began when it began: the present bucket is asked for again and again. */
const mostKnown = 10_000;

/** @returns a function that reads close events, where a row does not tell, and throws what the store throws. */
export function createLatenessOf({ ending }: Pick<TaskStore, 'ending'>) {
  const known = new LeastRecent<number | null>(mostKnown);

  async function startOf(run: Execution): Promise<number | null> {
    const before = known.get(run.runId);
    if (before !== undefined) return before;
    const told = run.memo.started_at ?? (await toldAtEnd(run));
    const startedAt = told === undefined ? null : Date.parse(told);
    known.set(run.runId, startedAt);
    return startedAt;
  }

  /** Only these two ends have anything to tell. A task that has been deleted since is not found. */
  async function toldAtEnd({ id, runId, status }: Execution): Promise<string | undefined> {
    if (status !== 'completed' && status !== 'failed') return undefined;
    return (await ifFound(ending(id, runId)))?.startedAt;
  }

  return async (runs: readonly Execution[]): Promise<Lateness> => {
    // A task that follows others waits for them, whatever its time.
    const bound = runs.filter(({ memo }) => (memo.after ?? []).length === 0);
    let failed = false;
    const late = await forEachOf(bound, concurrency, async (run) => {
      // Nobody waits for the rest of a sample that cannot be had.
      if (failed) return undefined;
      try {
        const startedAt = await startOf(run);
        return startedAt === null ? undefined : Math.max(0, startedAt - run.scheduledAt) / 1000;
      } catch (error) {
        failed = true;
        throw error;
      }
    });
    return describeLateness(late.filter((seconds) => seconds !== undefined));
  };
}

/** @param late in seconds */
export function describeLateness(late: readonly number[]): Lateness {
  const sorted = late.toSorted((a, b) => a - b);
  const max = sorted.at(-1);
  if (max === undefined) return null;
  return { count: sorted.length, p50: percentile(sorted, 50), p95: percentile(sorted, 95), max };
}

/** By the nearest rank: one of the values, the smallest with so many per cent at or below it. */
export function percentile(sorted: readonly number[], percent: number): number {
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
}
