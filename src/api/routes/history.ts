import { z } from '@hono/zod-openapi';
import { historyEntry } from '../../contract/history.ts';
import { openCursor, sealCursor } from '../cursor.ts';
import { cursorScope, linkHeader, nextPageLink, pageFields } from '../paging.ts';
import { json, problems } from '../responses.ts';
import { taskId, taskIdParameter } from '../task.ts';
import { type RouteDependencies, type RouteTable, signedInRoute } from '../route.ts';

const place = z.object({ runId: z.string(), skip: z.int() });

const history = signedInRoute({
  method: 'get',
  path: '/api/tasks/{id}/history',
  operationId: 'readTaskHistory',
  summary: 'Read the history of a task',
  description:
    'Returns what happened to a task, when, and by whom, over all its runs, oldest first, with all attempts and their ' +
    'logs. The history of an ended run is kept for 30 days.',
  tags: ['Tasks'],
  request: {
    params: taskIdParameter,
    query: z.strictObject(pageFields),
  },
  responses: {
    200: { ...json(z.array(historyEntry), 'A page of the history.'), headers: linkHeader },
    ...problems(400, 404, 503),
  },
});

export function historyRoutes(routes: RouteTable, { tasks, cursorKey }: RouteDependencies): void {
  routes.add(history, async (c) => {
    const id = taskId(c.req.valid('param').id);
    const principal = c.get('principal');
    const { limit, cursor } = c.req.valid('query');
    const scope = cursorScope('history', principal, id);
    const from =
      cursor === undefined ? undefined : place.parse(JSON.parse(text(openCursor(cursorKey, scope, cursor))));
    const page = await tasks.history(principal, id, { limit, from });
    if (page.next) {
      const next = sealCursor(cursorKey, scope, Buffer.from(JSON.stringify(page.next)));
      const path = `/api/tasks/${id}/history/`;
      c.header('Link', nextPageLink(path, new URLSearchParams(), { limit, cursor: next }));
    }
    return c.json([...page.entries], 200);
  });
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}
