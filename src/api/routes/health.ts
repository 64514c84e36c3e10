import { z } from '@hono/zod-openapi';
import { AppError } from '../../contract/errors.ts';
import { json, problems } from '../responses.ts';
import { openRoute, type RouteDependencies, type RouteTable } from '../route.ts';

const tags = ['Health'];

const healthz = openRoute({
  method: 'get',
  path: '/healthz',
  operationId: 'isAlive',
  summary: 'Check that the process is alive',
  description: 'Checks nothing but this process. Restart the process if it does not respond.',
  tags,
  responses: {
    200: json(
      z.object({ status: z.literal('ok') }).meta({ examples: [{ status: 'ok' }] }),
      'The process is alive.',
    ),
  },
});

const readyz = openRoute({
  method: 'get',
  path: '/readyz',
  operationId: 'isReady',
  summary: 'Check that the process is ready',
  description:
    'The process is ready when Temporal responds and reads its database. Workers are counted but not required: without any, tasks wait.',
  tags,
  responses: {
    200: json(
      z
        .object({ status: z.literal('ready'), workers: z.int(), clock_difference: z.number().nullable() })
        .meta({ examples: [{ status: 'ready', workers: 2, clock_difference: 0 }] }),
      'Ready. `workers` is the number of workers that polled in the last 70 seconds. `clock_difference` is the time by ' +
        "which the clock of this process is ahead of Temporal's, in seconds with one decimal, or null while it is not " +
        'known: more than a second needs attention.',
    ),
    ...problems(503),
  },
});

/** Returns seconds with one decimal. */
function seconds(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms / 100) / 10;
}

/** Time within which a live worker polls again, in milliseconds. Stopped workers stay listed for minutes. */
const workerFreshMs = 70_000;
const readyCacheMs = 1000;

export function healthRoutes(routes: RouteTable, { tasks }: RouteDependencies): void {
  let cached = { at: Number.NEGATIVE_INFINITY, workers: Promise.resolve(0) };

  /** Counts the workers, with at most one call a second, however often a load balancer asks. */
  function workers(): Promise<number> {
    const now = performance.now();
    if (now - cached.at > readyCacheMs) cached = { at: now, workers: countWorkers() };
    return cached.workers;
  }

  async function countWorkers(): Promise<number> {
    const since = tasks.now() - workerFreshMs;
    // Temporal has the workers in memory, also while its database is away.
    const [seen] = await Promise.all([tasks.workersSeen(), tasks.assertStoreAnswers()]);
    return new Set(seen.filter(({ lastSeenAt }) => lastSeenAt >= since).map(({ identity }) => identity)).size;
  }

  routes.add(healthz, (c) => c.json({ status: 'ok' as const }, 200));
  routes.add(readyz, async (c) => {
    try {
      const ready = { status: 'ready' as const, workers: await workers() };
      return c.json({ ...ready, clock_difference: seconds(tasks.clockDifference()) }, 200);
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      throw new AppError('temporal_unavailable', 'Temporal does not answer.', {
        cause,
        retryAfterSeconds: 5,
      });
    }
  });
}
