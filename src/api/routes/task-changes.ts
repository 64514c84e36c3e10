import { z } from '@hono/zod-openapi';
import type { Principal } from '../../auth/principal.ts';
import { type EditTaskInput, editTaskInput, replaceTaskInput, writtenTask } from '../../contract/task.ts';
import { json, problems } from '../responses.ts';
import { type RouteDependencies, type RouteTable, signedInRoute } from '../route.ts';
import { shownTo, taskEtag, taskId, taskIdParameter, taskIfMatch } from '../task.ts';

const tags = ['Tasks'];

const editRequest = <S extends z.ZodType>(schema: S) => ({
  params: taskIdParameter,
  headers: z.object({ 'if-match': taskIfMatch }),
  body: { content: { 'application/json': { schema } }, required: true },
});
const editResponses = {
  200: { ...json(writtenTask, 'The changed task.'), headers: taskEtag },
  ...problems(400, 404, 409, 412, 413, 415, 503),
};
const patch = signedInRoute({
  method: 'patch',
  path: '/api/tasks/{id}',
  operationId: 'changeTask',
  summary: 'Change a task that has not started',
  description:
    'Fields that the body leaves out keep their values. With `If-Match`, the change is rejected if the task has changed ' +
    'in the meantime.',
  tags,
  request: editRequest(editTaskInput),
  responses: editResponses,
});
const put = signedInRoute({
  method: 'put',
  path: '/api/tasks/{id}',
  operationId: 'replaceTask',
  summary: 'Change a task that has not started, giving its required fields',
  description: 'Works like PATCH, but `name` and `scheduled_time` (or `delay`) are required.',
  tags,
  request: editRequest(replaceTaskInput),
  responses: editResponses,
});

const remove = signedInRoute({
  method: 'delete',
  path: '/api/tasks/{id}',
  operationId: 'deleteTask',
  summary: 'Delete a task',
  description:
    'Deletes a task that has ended, or one that has not started, which then never runs. Other API processes may still ' +
    'find it for some seconds.',
  tags,
  request: { params: taskIdParameter, headers: z.object({ 'if-match': taskIfMatch }) },
  responses: {
    204: { description: 'Deleted.' },
    ...problems(400, 404, 409, 412, 503),
  },
});

export function taskChangeRoutes(
  routes: RouteTable,
  { tasks, onTaskWritten, onTaskDeleted }: RouteDependencies,
): void {
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
  routes.add(patch, async (c) => {
    const id = taskId(c.req.valid('param').id);
    const ifMatch = c.req.valid('header')['if-match'];
    const { task, etag } = await edit(c.get('principal'), id, c.req.valid('json'), ifMatch);
    return c.json(shownTo(c.get('principal'), task), 200, { ETag: etag });
  });
  routes.add(put, async (c) => {
    const id = taskId(c.req.valid('param').id);
    const ifMatch = c.req.valid('header')['if-match'];
    const { task, etag } = await edit(c.get('principal'), id, c.req.valid('json'), ifMatch);
    return c.json(shownTo(c.get('principal'), task), 200, { ETag: etag });
  });

  routes.add(remove, async (c) => {
    const id = taskId(c.req.valid('param').id);
    const owner = await tasks.remove(c.get('principal'), id, c.req.valid('header')['if-match']);
    onTaskWritten(id);
    onTaskDeleted(id, owner);
    return c.body(null, 204);
  });
}
