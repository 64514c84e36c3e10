import { z } from '@hono/zod-openapi';
import type { Principal } from '../../auth/principal.ts';
import { createTaskInput, task, taskStatusView, writtenTask } from '../../contract/task.ts';
import { idempotencyKey } from '../headers.ts';
import { createdTaskExample, newTaskExample } from '../../contract/examples.ts';
import { json, problems } from '../responses.ts';
import { shownTo, taskEtag, taskId, taskIdParameter, taskLocation } from '../task.ts';
import { type RouteDependencies, type RouteTable, signedInRoute } from '../route.ts';

const tags = ['Tasks'];

const create = signedInRoute({
  method: 'post',
  path: '/api/tasks',
  operationId: 'createTask',
  summary: 'Schedule a task',
  description:
    'After a 201 response, the task survives the crash of any process: it never runs before its time, runs at least ' +
    'once, and ends. Set the time with `scheduled_time`, or with `delay` in seconds from now.',
  tags,
  request: {
    headers: z.object({
      'idempotency-key': idempotencyKey.meta({
        description:
          'The same key with the same body creates only one task, however often it is sent, even if it is deleted.',
      }),
    }),
    body: {
      content: { 'application/json': { schema: createTaskInput, example: newTaskExample } },
      required: true,
    },
  },
  responses: {
    201: {
      description: 'The task.',
      content: { 'application/json': { schema: writtenTask, example: createdTaskExample } },
      headers: { ...taskLocation, ...taskEtag },
    },
    ...problems(400, 410, 413, 415, 422, 503),
  },
});

const read = signedInRoute({
  method: 'get',
  path: '/api/tasks/{id}',
  operationId: 'readTask',
  summary: 'Read a task',
  description: 'Returns the whole task, with its payload, its result, and its attempts with their logs.',
  tags,
  request: { params: taskIdParameter },
  responses: { 200: { ...json(task, 'The task.'), headers: taskEtag }, ...problems(404, 503) },
});

const statusResponses = { 200: json(taskStatusView, 'The status of the task.'), ...problems(404, 503) };
const status = signedInRoute({
  method: 'get',
  path: '/api/tasks/{id}/status',
  operationId: 'readTaskStatus',
  summary: 'Read the status of a task',
  description: 'Returns the part of a task that changes without being edited.',
  tags,
  request: { params: taskIdParameter },
  responses: statusResponses,
});
/** The same route at the path of the previous service. */
const formerStatus = signedInRoute({
  ...status,
  path: '/tasks/{id}/status',
  operationId: 'readTaskStatusAtFormerPath',
  deprecated: true,
});

export function taskRoutes(routes: RouteTable, { tasks }: RouteDependencies): void {
  routes.add(create, async (c) => {
    const key = c.req.valid('header')['idempotency-key'];
    const principal = c.get('principal');
    const { task, etag } = await tasks.create(principal, c.req.valid('json'), key);
    return c.json(shownTo(principal, task), 201, { Location: task.links.self, ETag: etag });
  });

  routes.add(read, async (c) => {
    const { task, etag } = await tasks.read(c.get('principal'), taskId(c.req.valid('param').id));
    return c.json(task, 200, { ETag: etag });
  });

  const statusOf = async (principal: Principal, id: string) =>
    taskStatusView.parse(await tasks.readSummary(principal, taskId(id)));
  routes.add(status, async (c) => c.json(await statusOf(c.get('principal'), c.req.valid('param').id), 200));
  routes.add(formerStatus, async (c) =>
    c.json(await statusOf(c.get('principal'), c.req.valid('param').id), 200),
  );
}
