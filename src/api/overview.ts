import { createRoute } from '@hono/zod-openapi';
import { overview, overviewQuery } from '../contract/overview.ts';
import { json, problems, signInRequired } from './responses.ts';
import type { Api, ApiDependencies } from './types.ts';

const route = createRoute({
  method: 'get',
  path: '/api/overview',
  operationId: 'getOverview',
  summary: 'Recent outcomes, upcoming tasks and workers',
  description:
    'Returns how recent runs ended and how late they started, which tasks fall due within the hour, the workers, and ' +
    'how fast Temporal responds. Covers your own tasks; for admins, all tasks.',
  tags: ['Overview'],
  security: signInRequired,
  request: { query: overviewQuery },
  responses: { 200: json(overview, 'The overview.'), ...problems(400, 401, 403, 503) },
});

export function overviewRoutes(app: Api, { tasks }: ApiDependencies): void {
  app.openapi(route, async (c) =>
    c.json(await tasks.overview(c.get('principal'), c.req.valid('query')), 200),
  );
}
