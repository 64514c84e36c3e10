import { createRoute, z } from '@hono/zod-openapi';
import type { Principal } from '../auth/principal.ts';
import { filterFields, type TaskFilter, taskFilter } from '../contract/filter.ts';
import { taskCounts, taskSummary } from '../contract/task.ts';
import { openCursor, sealCursor } from './cursor.ts';
import { linkHeader, pageFields } from './paging.ts';
import { json, problems, signInRequired } from './responses.ts';
import type { Api, ApiDependencies } from './types.ts';

const tags = ['Tasks'];

const listQuery = z.strictObject({
  ...filterFields,
  ...pageFields,
});

const list = createRoute({
  method: 'get',
  path: '/api/tasks',
  operationId: 'listTasks',
  summary: 'List tasks',
  description:
    'Returns unfinished tasks first, newest run first, then ended tasks, latest end first. The list can lag by two ' +
    'seconds. A page can be shorter than its limit, or even empty, when there are more: check the `Link` header.',
  tags,
  security: signInRequired,
  request: { query: listQuery },
  responses: {
    200: { ...json(z.array(taskSummary), 'A page of tasks.'), headers: linkHeader },
    ...problems(400, 401, 403, 503),
  },
});

const counts = createRoute({
  method: 'get',
  path: '/api/tasks/counts',
  operationId: 'countTasks',
  summary: 'Count tasks by status',
  description:
    'Takes the same filters as the list. If you filter by status, the counts of the other statuses are 0.',
  tags,
  security: signInRequired,
  request: { query: taskFilter },
  responses: { 200: json(taskCounts, 'The counts.'), ...problems(400, 401, 403, 503) },
});

export function listRoutes(app: Api, { tasks, cursorKey }: ApiDependencies): void {
  app.openapi(list, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query');
    const principal = c.get('principal');
    const scope = scopeOf(principal, filter);
    const pageToken = cursor === undefined ? undefined : openCursor(cursorKey, scope, cursor);
    const page = await tasks.list(principal, { filter, limit, pageToken });
    if (page.nextPageToken) {
      const next = queryOf(filter);
      next.set('limit', String(limit));
      next.set('cursor', sealCursor(cursorKey, scope, page.nextPageToken));
      c.header('Link', `</api/tasks/?${next.toString()}>; rel="next"`);
    }
    return c.json([...page.tasks], 200);
  });

  app.openapi(counts, async (c) => c.json(await tasks.count(c.get('principal'), c.req.valid('query')), 200));
}

/** Returns what a cursor is bound to. */
function scopeOf({ id, role }: Principal, filter: TaskFilter): string {
  return `tasks\0${id}\0${role}\0${queryOf(filter).toString()}`;
}

/** Returns the filter as query parameters, in an order that doesn't depend on the request's. */
function queryOf(filter: TaskFilter): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(filter).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    for (const one of [value].flat()) if (one !== undefined) parameters.append(name, one);
  }
  return parameters;
}
