import { createRoute, z } from '@hono/zod-openapi';
import { historyEntry } from '../contract/history.ts';
import { openCursor, sealCursor } from './cursor.ts';
import { linkHeader, pageFields } from './paging.ts';
import { json, problems, signInRequired } from './responses.ts';
import { idParameter, taskId } from './task-id.ts';
import type { Api, ApiDependencies } from './types.ts';

const place = z.object({ runId: z.string(), skip: z.int() });

const history = createRoute({
  method: 'get',
  path: '/api/tasks/{id}/history',
  operationId: 'readTaskHistory',
  summary: 'Read the history of a task',
  description:
    'Returns what happened to a task, when, and by whom, over all its runs, oldest first, with all attempts and their ' +
    'logs. The history of an ended run is kept for 30 days.',
  tags: ['Tasks'],
  security: signInRequired,
  request: {
    params: idParameter,
    query: z.strictObject(pageFields),
  },
  responses: {
    200: { ...json(z.array(historyEntry), 'A page of the history.'), headers: linkHeader },
    ...problems(400, 401, 404, 503),
  },
});

export function historyRoutes(app: Api, { tasks, cursorKey }: ApiDependencies): void {
  app.openapi(history, async (c) => {
    const id = taskId(c.req.valid('param').id);
    const principal = c.get('principal');
    const { limit, cursor } = c.req.valid('query');
    const scope = `history\0${principal.id}\0${principal.role}\0${id}`;
    const from =
      cursor === undefined ? undefined : place.parse(JSON.parse(text(openCursor(cursorKey, scope, cursor))));
    const page = await tasks.history(principal, id, { limit, from });
    if (page.next) {
      const next = sealCursor(cursorKey, scope, Buffer.from(JSON.stringify(page.next)));
      c.header('Link', `</api/tasks/${id}/history/?limit=${limit}&cursor=${next}>; rel="next"`);
    }
    return c.json([...page.entries], 200);
  });
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}
