import { z } from '@hono/zod-openapi';
import { editTaskInput, writtenTask } from '../../contract/task.ts';
import { idempotencyKey } from '../headers.ts';
import { noInput } from '../no-input.ts';
import { json, problems } from '../responses.ts';
import { shownTo, taskEtag, taskId, taskIdParameter, taskIfMatch } from '../task.ts';
import { type RouteDependencies, type RouteTable, signedInRoute } from '../route.ts';

function commandRoute<P extends string>(path: P, operationId: string, summary: string, description: string) {
  return signedInRoute({
    method: 'post',
    path: `/api/tasks/{id}/${path}`,
    operationId,
    summary,
    description,
    tags: ['Commands'],
    rules: { action: path },
    request: { params: taskIdParameter, headers: z.object({ 'if-match': taskIfMatch }), body: noInput },
    responses: {
      200: { ...json(writtenTask, 'The command has taken effect.'), headers: taskEtag },
      202: {
        ...json(
          writtenTask,
          'The command is accepted and will take effect once a worker, or the handler, acts on it.',
        ),
        headers: taskEtag,
      },
      ...problems(400, 404, 409, 412, 413, 415, 503),
    },
  });
}

const cancel = commandRoute(
  'cancel',
  'cancelTask',
  'Cancel a task',
  'Cancels a task at any point before its end. A running handler is asked to stop.',
);
const pause = commandRoute(
  'pause',
  'pauseTask',
  'Pause a task',
  'Pauses a task whose first attempt has not started. It stays paused past its scheduled time.',
);
const resume = commandRoute(
  'resume',
  'resumeTask',
  'Resume a paused task',
  'Resumes a paused task. If its scheduled time has passed, it runs at once.',
);
const runNow = commandRoute(
  'run-now',
  'runTaskNow',
  'Run a task now',
  'Runs a task without waiting for its scheduled time, and ends a pause. In a backoff, starts the next attempt.',
);
const retry = signedInRoute({
  method: 'post',
  path: '/api/tasks/{id}/retry',
  operationId: 'retryTask',
  summary: 'Retry an ended task',
  description:
    'Starts a new run under the same id, with all its automatic retries and the same input, except for what the body ' +
    'changes. The run is due at once, unless the body sets a time; a task that was cancelled before it started keeps ' +
    'its scheduled time. Of several calls within a second, one starts a run; the others get 409, unless they send ' +
    '`If-Match` or an `Idempotency-Key`.',
  tags: ['Commands'],
  rules: { action: 'retry' },
  request: {
    params: taskIdParameter,
    headers: z.object({
      'idempotency-key': idempotencyKey.meta({
        description: 'The same key with the same body retries the task only once, however often it is sent.',
      }),
      'if-match': taskIfMatch,
    }),
    body: { content: { 'application/json': { schema: editTaskInput } }, required: false },
  },
  responses: {
    200: { ...json(writtenTask, 'The task, with its new run.'), headers: taskEtag },
    ...problems(400, 404, 409, 412, 413, 415, 422, 503),
  },
});

/** Registers the commands. They respond with the task: 200 once the command has taken effect, 202 until then. */
export function commandRoutes(routes: RouteTable, { tasks, onTaskWritten }: RouteDependencies): void {
  const commands = [
    { route: cancel, run: tasks.cancel },
    { route: pause, run: tasks.pause },
    { route: resume, run: tasks.resume },
    { route: runNow, run: tasks.runNow },
  ];
  for (const { route, run } of commands) {
    routes.add(route, async (c) => {
      const id = taskId(c.req.valid('param').id);
      const { task, etag, done } = await run(c.get('principal'), id, c.req.valid('header')['if-match']);
      onTaskWritten(id);
      return c.json(shownTo(c.get('principal'), task), done ? 200 : 202, { ETag: etag });
    });
  }

  routes.add(retry, async (c) => {
    const id = taskId(c.req.valid('param').id);
    const headers = c.req.valid('header');
    const { task, etag } = await tasks.retry(c.get('principal'), id, {
      changes: c.req.valid('json') ?? {},
      idempotencyKey: headers['idempotency-key'],
      ifMatch: headers['if-match'],
      receivedAt: c.get('receivedAt'),
    });
    onTaskWritten(id);
    return c.json(shownTo(c.get('principal'), task), 200, { ETag: etag });
  });
}
