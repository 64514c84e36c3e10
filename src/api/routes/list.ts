import { z } from '@hono/zod-openapi';
import { filterFields, type TaskFilter, taskFilter } from '../../contract/filter.ts';
import { taskCounts, taskSummary } from '../../contract/task.ts';
import { openCursor, sealCursor } from '../cursor.ts';
import { cursorScope, linkHeader, nextPageLink, pageFields } from '../paging.ts';
import { json, problems } from '../responses.ts';
import { type RouteDependencies, type RouteTable, signedInRoute } from '../route.ts';

const tags = ['Tasks'];

const listQuery = z.strictObject({
  ...filterFields,
  ...pageFields,
});

const list = signedInRoute({
  method: 'get',
  path: '/api/tasks',
  operationId: 'listTasks',
  summary: 'List tasks',
  description:
    'Returns unfinished tasks first, newest run first, then ended tasks, latest end first. The list can lag by two ' +
    'seconds. A page can be shorter than its limit, or even empty, when there are more: check the `Link` header.',
  tags,
  request: { query: listQuery },
  responses: {
    200: { ...json(z.array(taskSummary), 'A page of tasks.'), headers: linkHeader },
    ...problems(400, 503),
  },
});

const counts = signedInRoute({
  method: 'get',
  path: '/api/tasks/counts',
  operationId: 'countTasks',
  summary: 'Count tasks by status',
  description:
    'Takes the same filters as the list. If you filter by status, the counts of the other statuses are 0. Counts can lag ' +
    'by two seconds. Those that take long, of ten thousand tasks or more, are reused for up to five seconds.',
  tags,
  request: { query: taskFilter },
  responses: { 200: json(taskCounts, 'The counts.'), ...problems(400, 503) },
});

export function listRoutes(routes: RouteTable, { tasks, cursorKey }: RouteDependencies): void {
  routes.add(list, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query');
    const principal = c.get('principal');
    const query = queryOf(filter);
    const scope = cursorScope('tasks', principal, query.toString());
    const pageToken = cursor === undefined ? undefined : openCursor(cursorKey, scope, cursor);
    const page = await tasks.list(principal, { filter, limit, pageToken });
    if (page.nextPageToken) {
      const next = sealCursor(cursorKey, scope, page.nextPageToken);
      c.header('Link', nextPageLink('/api/tasks/', query, { limit, cursor: next }));
    }
    return c.json([...page.tasks], 200);
  });

  routes.add(counts, async (c) => c.json(await tasks.count(c.get('principal'), c.req.valid('query')), 200));
}

/** Returns the filter as query parameters, in an order that doesn't depend on the request's. */
function queryOf(filter: TaskFilter): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(filter).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    for (const one of [value].flat()) if (one !== undefined) parameters.append(name, one);
  }
  return parameters;
}
