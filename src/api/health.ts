import { createRoute, z } from '@hono/zod-openapi';
import { AppError } from '../contract/errors.ts';
import { json, problems } from './responses.ts';
import type { Api, ApiDependencies } from './types.ts';

const tags = ['Health'];

const healthz = createRoute({
  method: 'get',
  path: '/healthz',
  operationId: 'isAlive',
  summary: 'Is this process alive?',
  description: 'Looks at nothing else than this process: restart it where there is no answer.',
  tags,
  responses: {
    200: json(z.object({ status: z.literal('ok') }).meta({ examples: [{ status: 'ok' }] }), 'It is.'),
  },
});

const readyz = createRoute({
  method: 'get',
  path: '/readyz',
  operationId: 'isReady',
  summary: 'Can this process do its work?',
  description: 'Ready when Temporal answers. Workers are told, but not required: without any, tasks wait.',
  tags,
  responses: {
    200: json(
      z
        .object({ status: z.literal('ready'), workers: z.int() })
        .meta({ examples: [{ status: 'ready', workers: 2 }] }),
      'Ready; `workers` polled within a minute.',
    ),
    ...problems(503),
  },
});

/** Workers that have stopped stay listed for minutes; a live one polls again within this time. */
const workerFreshMs = 70_000;
const readyCacheMs = 1000;

export function healthRoutes(app: Api, { tasks }: ApiDependencies): void {
  let cached = { at: 0, workers: Promise.resolve(0) };

  /** One call a second at most, however often a load balancer asks. */
  function workers(): Promise<number> {
    if (Date.now() - cached.at > readyCacheMs) cached = { at: Date.now(), workers: countWorkers() };
    return cached.workers;
  }

  async function countWorkers(): Promise<number> {
    const since = Date.now() - workerFreshMs;
    const seen = await tasks.workersSeen();
    return new Set(seen.filter(({ lastSeenAt }) => lastSeenAt >= since).map(({ identity }) => identity)).size;
  }

  app.openapi(healthz, (c) => c.json({ status: 'ok' as const }, 200));
  app.openapi(readyz, async (c) => {
    try {
      return c.json({ status: 'ready' as const, workers: await workers() }, 200);
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      throw new AppError('temporal_unavailable', 'Temporal does not answer.', {
        cause,
        retryAfterSeconds: 5,
      });
    }
  });
}
