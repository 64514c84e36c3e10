/**
 * Data of the dashboard's first page. Many tabs may poll it, and a default server allows ten visibility calls
 * a second. So buckets that have ended are cached, and answers are shared.
 */
import { type Overview, type OverviewQuery, overviewRanges } from '../contract/overview.ts';
import { createLimiter } from '../lib/limiter.ts';
import type { Actor } from '../resources/actor.ts';
import { countDue } from './due.ts';
import { visibleTo } from './list.ts';
import { createOutcomes } from './outcomes.ts';
import { periodsUntil } from './periods.ts';
import { createSharedAnswers } from './shared-answers.ts';
import type { TaskStore } from './store.ts';

/** Maximum concurrent calls of all overviews together. */
const concurrency = 4;
const freshMs = 2000;
/**
 * Time for which counts of due tasks are reused, in milliseconds. For a busy owner, they take thirteen calls.
 */
const dueFreshMs = 5000;
const max = 1000;

/** @returns a function that throws AppError forbidden if a user asks for another owner's overview. */
export function createOverview(store: TaskStore) {
  const limited = limitCalls(store);
  const outcomesOf = createOutcomes(limited);
  const overviews = createSharedAnswers<Overview>({ freshMs, max });
  const due = createSharedAnswers<Overview['due']>({ freshMs: dueFreshMs, max });
  const common = createSharedAnswers<Pick<Overview, 'temporal' | 'workers'>>({ freshMs, max: 1 });

  async function surroundings(): Promise<Pick<Overview, 'temporal' | 'workers'>> {
    const workers = await store.temporal.listWorkers();
    // Measured afterwards, since the very first call waits for the connection.
    const { serverVersion, latencyMs } = await store.temporal.probe();
    const temporal = {
      latency_ms: Math.round(latencyMs * 10) / 10,
      server_version: serverVersion,
      namespace: store.temporal.namespace,
    };
    return { temporal, workers };
  }

  async function describe(range: OverviewQuery['range'], owner: string | undefined): Promise<Overview> {
    const now = Date.now();
    const { buckets: count, seconds } = overviewRanges[range];
    const { from, to, starts } = periodsUntil(now, count, seconds * 1000);
    // These calls go first, rather than queue behind others: if Temporal is unavailable, they fail in time
    // and nothing queues up.
    const { temporal, workers } = await common('', surroundings);
    const [buckets, dueSoon] = await Promise.all([
      outcomesOf({ owner, starts, lengthMs: seconds * 1000, now }),
      due(owner ?? '', () => countDue(limited, owner)),
    ]);
    const [at, begin, end] = [now, from, to].map((ms) => new Date(ms).toISOString());
    return {
      now: at ?? '',
      from: begin ?? '',
      to: end ?? '',
      bucket_seconds: seconds,
      buckets,
      due: dueSoon,
      workers,
      temporal,
    };
  }

  return async (actor: Actor, { range, owner: asked }: OverviewQuery): Promise<Overview> => {
    const { owner } = visibleTo(actor, asked === undefined ? {} : { owner: asked });
    return overviews(`${range} ${owner ?? ''}`, () => describe(range, owner));
  };
}

function limitCalls(store: TaskStore): Pick<TaskStore, 'list' | 'count' | 'countByExecution' | 'ending'> {
  const { run } = createLimiter({ concurrency, queue: Number.POSITIVE_INFINITY });
  return {
    list: (...call) => run(() => store.list(...call)),
    count: (...call) => run(() => store.count(...call)),
    countByExecution: (...call) => run(() => store.countByExecution(...call)),
    ending: (...call) => run(() => store.ending(...call)),
  };
}
