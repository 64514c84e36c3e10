import { overview, overviewQuery } from '../../contract/overview.ts';
import { json, problems } from '../responses.ts';
import { type RouteDependencies, type RouteTable, signedInRoute } from '../route.ts';

const route = signedInRoute({
  method: 'get',
  path: '/api/overview',
  operationId: 'getOverview',
  summary: 'Recent outcomes, upcoming tasks and workers',
  description:
    'Returns how recent runs ended and how late they started, which tasks become due within the next hour, the ' +
    'workers, and how fast Temporal responds. Covers your own tasks; for admins, all tasks.',
  tags: ['Overview'],
  request: { query: overviewQuery },
  responses: { 200: json(overview, 'The overview.'), ...problems(400, 503) },
});

export function overviewRoutes(routes: RouteTable, { tasks }: RouteDependencies): void {
  routes.add(route, async (c) => c.json(await tasks.overview(c.get('principal'), c.req.valid('query')), 200));
}
