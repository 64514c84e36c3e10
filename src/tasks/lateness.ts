/** Lateness of runs: how long after their scheduled time they started. */
import { ifFound } from '../contract/errors.ts';
import type { Lateness } from '../contract/overview.ts';
import { Lru } from '../lib/lru.ts';
import { mapConcurrently } from '../lib/limiter.ts';
import type { Execution } from './execution.ts';
import type { TaskStore } from './store.ts';

const concurrency = 4;
/** Maximum number of start times kept: they never change, and the current bucket is queried again and again. */
const maxKnown = 10_000;

/** @returns a function that reads close events where rows lack the start time, and throws what the store throws. */
export function createLatenessOf({ ending }: Pick<TaskStore, 'ending'>) {
  const known = new Lru<number | null>(maxKnown);

  async function startOf(run: Execution): Promise<number | null> {
    const before = known.get(run.runId);
    if (before !== undefined) return before;
    const recorded = run.memo.started_at ?? (await startInCloseEvent(run));
    const startedAt = recorded === undefined ? null : Date.parse(recorded);
    known.set(run.runId, startedAt);
    return startedAt;
  }

  /** Only close events of completed and failed runs have a start time. A task deleted since is not found. */
  async function startInCloseEvent({ id, runId, status }: Execution): Promise<string | undefined> {
    if (status !== 'completed' && status !== 'failed') return undefined;
    return (await ifFound(ending(id, runId)))?.startedAt;
  }

  return async (runs: readonly Execution[]): Promise<MeasuredLateness> => {
    // A task with predecessors waits for them, whatever its scheduled time.
    const bound = runs.filter(({ memo }) => (memo.after ?? []).length === 0);
    let failed = false;
    const late = await mapConcurrently(bound, concurrency, async (run) => {
      // The rest is of no use once a part cannot be read.
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

/** Lateness without whether the runs are all of their period's. null if there are none. */
type MeasuredLateness = Omit<NonNullable<Lateness>, 'sampled'> | null;

/** @param late in seconds */
export function describeLateness(late: readonly number[]): MeasuredLateness {
  const sorted = late.toSorted((a, b) => a - b);
  const max = sorted.at(-1);
  if (max === undefined) return null;
  return { count: sorted.length, p50: percentile(sorted, 50), p95: percentile(sorted, 95), max };
}

/** Returns the nearest-rank percentile: the smallest value with at least `percent` % of all values at or below it. */
export function percentile(sorted: readonly number[], percent: number): number {
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
}
