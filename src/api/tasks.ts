import { createRoute, z } from '@hono/zod-openapi';
import type { Principal } from '../auth/principal.ts';
import { invalidFields } from '../contract/errors.ts';
import {
  createTaskInput,
  type EditTaskInput,
  editTaskInput,
  task,
  taskStatusView,
} from '../contract/task.ts';
import { etagHeader, idempotencyKey, ifMatch, locationHeader } from './headers.ts';
import { createdTaskExample, newTaskExample } from '../contract/examples.ts';
import { json, problems, signInRequired } from './responses.ts';
import { idParameter, taskId } from './task-id.ts';
import type { Api, ApiDependencies } from './types.ts';

const tags = ['Tasks'];

const create = createRoute({
  method: 'post',
  path: '/api/tasks',
  operationId: 'createTask',
  summary: 'Schedule a task',
  description:
    'After a 201 response, the task survives the crash of any process: it never runs before its time, runs at least ' +
    'once, and ends. Set the time with `scheduled_time`, or with `delay` in seconds from now.',
  tags,
  security: signInRequired,
  request: {
    headers: z.object({
      'idempotency-key': idempotencyKey.meta({
        description: 'The same key with the same body creates only one task, however often it is sent.',
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
      content: { 'application/json': { schema: task, example: createdTaskExample } },
      headers: { ...locationHeader, ...etagHeader },
    },
    ...problems(400, 401, 413, 415, 422, 503),
  },
});

const read = createRoute({
  method: 'get',
  path: '/api/tasks/{id}',
  operationId: 'readTask',
  summary: 'Read a task',
  description: 'Returns the whole task, with its payload, its result, and its attempts with their logs.',
  tags,
  security: signInRequired,
  request: { params: idParameter },
  responses: { 200: { ...json(task, 'The task.'), headers: etagHeader }, ...problems(401, 404, 503) },
});

const statusResponses = { 200: json(taskStatusView, 'The status of the task.'), ...problems(401, 404, 503) };
const status = createRoute({
  method: 'get',
  path: '/api/tasks/{id}/status',
  operationId: 'readTaskStatus',
  summary: 'Read the status of a task',
  description: 'Returns the part of a task that changes without being edited.',
  tags,
  security: signInRequired,
  request: { params: idParameter },
  responses: statusResponses,
});
/** The same at the path of the previous service. */
const formerStatus = createRoute({
  ...status,
  path: '/tasks/{id}/status',
  operationId: 'readTaskStatusAtFormerPath',
  deprecated: true,
});

const editRequest = {
  params: idParameter,
  headers: z.object({
    'if-match': ifMatch,
  }),
  body: { content: { 'application/json': { schema: editTaskInput } }, required: true },
};
const editResponses = {
  200: { ...json(task, 'The changed task.'), headers: etagHeader },
  ...problems(400, 401, 404, 409, 412, 413, 415, 503),
};
const patch = createRoute({
  method: 'patch',
  path: '/api/tasks/{id}',
  operationId: 'changeTask',
  summary: 'Change a task that has not started',
  description:
    'Fields that the body leaves out keep their values. With `If-Match`, the change is rejected if the task has changed ' +
    'in the meantime.',
  tags,
  security: signInRequired,
  request: editRequest,
  responses: editResponses,
});
const put = createRoute({
  method: 'put',
  path: '/api/tasks/{id}',
  operationId: 'replaceTask',
  summary: 'Change a task that has not started, giving its required fields',
  description: 'Works like PATCH, but `name` and `scheduled_time` (or `delay`) are required.',
  tags,
  security: signInRequired,
  request: editRequest,
  responses: editResponses,
});

const remove = createRoute({
  method: 'delete',
  path: '/api/tasks/{id}',
  operationId: 'deleteTask',
  summary: 'Delete a task',
  description:
    'Deletes a task that has ended, or one that has not started, which then never runs. Returns 202 if the deletion is ' +
    'still in progress.',
  tags,
  security: signInRequired,
  request: { params: idParameter },
  responses: {
    204: { description: 'Deleted.' },
    202: { description: 'Deletion in progress.' },
    ...problems(401, 404, 409, 503),
  },
});

export function taskRoutes(app: Api, { tasks, onTaskWritten, onTaskDeleted }: ApiDependencies): void {
  app.openapi(create, async (c) => {
    const key = c.req.valid('header')['idempotency-key'];
    const { task, etag } = await tasks.create(c.get('principal'), c.req.valid('json'), key);
    return c.json(task, 201, { Location: task.links.self, ETag: etag });
  });

  app.openapi(read, async (c) => {
    const { task, etag } = await tasks.read(c.get('principal'), taskId(c.req.valid('param').id));
    return c.json(task, 200, { ETag: etag });
  });

  const statusOf = async (principal: Principal, id: string) =>
    taskStatusView.parse(await tasks.readSummary(principal, taskId(id)));
  app.openapi(status, async (c) => c.json(await statusOf(c.get('principal'), c.req.valid('param').id), 200));
  app.openapi(formerStatus, async (c) =>
    c.json(await statusOf(c.get('principal'), c.req.valid('param').id), 200),
  );

  const edit = async (
    principal: Principal,
    id: string,
    changes: EditTaskInput,
    ifMatch: string | undefined,
  ) => {
    const view = await tasks.edit(principal, id, changes, ifMatch);
    onTaskWritten(id);
    return view;
  };
  app.openapi(patch, async (c) => {
    const id = taskId(c.req.valid('param').id);
    const ifMatch = c.req.valid('header')['if-match'];
    const { task, etag } = await edit(c.get('principal'), id, c.req.valid('json'), ifMatch);
    return c.json(task, 200, { ETag: etag });
  });
  app.openapi(put, async (c) => {
    const id = taskId(c.req.valid('param').id);
    const ifMatch = c.req.valid('header')['if-match'];
    const { task, etag } = await edit(c.get('principal'), id, whole(c.req.valid('json')), ifMatch);
    return c.json(task, 200, { ETag: etag });
  });

  app.openapi(remove, async (c) => {
    const id = taskId(c.req.valid('param').id);
    const { done, owner } = await tasks.remove(c.get('principal'), id);
    onTaskWritten(id);
    onTaskDeleted(id, owner);
    return c.body(null, done ? 204 : 202);
  });
}

/** Checks that a PUT has all that a task needs. @throws AppError validation */
function whole(body: EditTaskInput): EditTaskInput {
  const missing = [
    ...(body.name === undefined ? ['/name'] : []),
    ...(body.scheduled_time === undefined && body.delay === undefined ? ['/scheduled_time'] : []),
  ];
  if (missing.length === 0) return body;
  const errors = missing.map((pointer) => ({ pointer, message: 'This field is required.' }));
  throw invalidFields(errors);
}
