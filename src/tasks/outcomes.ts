/**
 * Outcomes of runs, in buckets of time. Lists have the latest end first, so a page covers every bucket that
 * starts after the page's oldest end: if little has happened, one call is enough for a whole week.
 */
import type { OverviewBucket } from '../contract/overview.ts';
import { Lru } from '../lib/lru.ts';
import type { Execution } from './execution.ts';
import { createLatenessOf } from './lateness.ts';
import { endedBetween, ranBetween } from './search.ts';
import { endedStatus } from './summary.ts';
import type { TaskStore } from './store.ts';

const rowsPerPage = 50;
/** Maximum number of runs of a bucket whose start is read: of more, a sample. */
const maxMeasured = 80;
/** Expected size of a sample. Its actual size varies by some square roots of that, and must stay below the maximum. */
const sampleSize = 40;
/** Maximum lag of visibility behind an end, in milliseconds; a bucket that ended longer ago no longer changes. */
const settledMs = 10_000;
/** Maximum number of buckets kept, of about 300 bytes each. One owner's three ranges have 64. */
const maxKept = 10_000;

type Outcomes = Pick<OverviewBucket, 'completed' | 'failed' | 'cancelled'>;
type Count = readonly [Execution['status'], number];
type Described = readonly [from: number, bucket: OverviewBucket];

export interface Buckets {
  /** undefined for all owners. */
  readonly owner: string | undefined;
  /** Consecutive, oldest first. */
  readonly starts: readonly number[];
  readonly lengthMs: number;
  readonly now: number;
}

/**
 * Creates what describes buckets: by a count and a list for each that a page does not cover, and by the close events of
 * at most 80 runs of each, which are read once.
 * @returns a function that caches buckets that have ended. If the store throws, it throws too, but keeps its
 * cache.
 */
export function createOutcomes(store: Pick<TaskStore, 'list' | 'countByExecution' | 'ending'>) {
  const kept = new Lru<OverviewBucket>(maxKept);
  const latenessOf = createLatenessOf(store);

  /**
   * Describes the newest buckets: as many as one page covers or, if it covers none, only the newest, by a
   * count.
   */
  async function describeSome(starts: readonly number[], { owner, lengthMs }: Buckets) {
    const [oldest = 0, newest = 0] = [starts[0], starts.at(-1)];
    const page = await store.list(endedBetween({ owner }, oldest, newest + lengthMs), rowsPerPage);
    const runsOf = (from: number): Execution[] =>
      page.executions.filter((run) => endOf(run) >= from && endOf(run) < from + lengthMs);
    const reach = page.nextPageToken ? Math.min(...page.executions.map(endOf)) : Number.NEGATIVE_INFINITY;
    const covered = starts.filter((from) => from > reach);
    if (covered.length === 0) {
      const counts = await store.countByExecution(endedBetween({ owner }, newest, newest + lengthMs));
      return [await describe(newest, newest + lengthMs, { owner, runs: runsOf(newest), counts })];
    }
    const buckets: Described[] = [];
    // One after the other, since each takes several calls.
    for (const from of covered) {
      const runs = runsOf(from);
      const counts = runs.map(({ status }): Count => [status, 1]);
      buckets.push(await describe(from, from + lengthMs, { owner, runs, counts }));
    }
    return buckets;
  }

  async function describe(from: number, to: number, { owner, runs, counts }: BucketRuns): Promise<Described> {
    const started = runs.filter(hasStarted);
    const ran = countOfRan(counts);
    // Many runs that were cancelled before they started may have kept the others off the page.
    const isCovered = started.length >= ran;
    const sampled = !isCovered && ran > maxMeasured;
    const among = { owner, ...(sampled && { share: sampleSize / ran }) };
    const measured = isCovered
      ? started
      : (await store.list(ranBetween(among, from, to), maxMeasured)).executions;
    const late = await latenessOf(measured);
    const lateness = late && { ...late, sampled };
    return [from, { from: new Date(from).toISOString(), ...outcomesOf(counts), lateness }];
  }

  return async (stretches: Buckets): Promise<OverviewBucket[]> => {
    const { owner, starts, lengthMs, now } = stretches;
    const keyOf = (from: number): string => `${owner ?? ''} ${lengthMs} ${from}`;
    const found = new Map<number, OverviewBucket>();
    for (const from of starts) {
      const bucket = kept.get(keyOf(from));
      if (bucket) found.set(from, bucket);
    }
    for (;;) {
      const missing = starts.filter((from) => !found.has(from));
      if (missing.length === 0) return starts.flatMap((from) => found.get(from) ?? []);
      for (const [from, bucket] of await describeSome(missing, stretches)) {
        found.set(from, bucket);
        if (from + lengthMs + settledMs <= now) kept.set(keyOf(from), bucket);
      }
    }
  };
}

/** What a page or a count says about a bucket. */
interface BucketRuns {
  readonly owner: string | undefined;
  readonly runs: readonly Execution[];
  readonly counts: readonly Count[];
}

/** Returns whether a run has started, as far as its row shows; a cancelled run may not have. */
function hasStarted({ status, memo }: Execution): boolean {
  return status === 'completed' || status === 'failed' || memo.started_at !== undefined;
}

function countOfRan(counts: readonly Count[]): number {
  const ran = counts.filter(([status]) => status === 'completed' || status === 'failed');
  return ran.reduce((sum, [, count]) => sum + count, 0);
}

function endOf({ closedAt }: Execution): number {
  return closedAt ?? 0;
}

export function outcomesOf(counts: readonly Count[]): Outcomes {
  const outcomes = { completed: 0, failed: 0, cancelled: 0 };
  for (const [status, count] of counts) {
    if (status === 'open') continue;
    outcomes[names[endedStatus[status]]] += count;
  }
  return outcomes;
}

const names = { COMPLETED: 'completed', FAILED: 'failed', CANCELLED: 'cancelled' } as const;
