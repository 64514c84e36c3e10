import { createRoute, z } from '@hono/zod-openapi';
import { editTaskInput, task } from '../contract/task.ts';
import { etagHeader, idempotencyKey, ifMatch } from './headers.ts';
import { json, problems, signedIn } from './responses.ts';
import { idParameter, taskId } from './task-id.ts';
import type { Api, ApiDependencies } from './types.ts';

function commandRoute<P extends string>(path: P, operationId: string, summary: string, description: string) {
  return createRoute({
    method: 'post',
    path: `/api/tasks/{id}/${path}`,
    operationId,
    summary,
    description,
    tags: ['Commands'],
    security: signedIn,
    request: { params: idParameter },
    responses: {
      200: { ...json(task, 'The effect is there.'), headers: etagHeader },
      202: {
        ...json(task, 'The effect is on its way: the task needs a worker, or its handler, to get there.'),
        headers: etagHeader,
      },
      ...problems(400, 401, 404, 409, 413, 415, 503),
    },
  });
}

const cancel = commandRoute(
  'cancel',
  'cancelTask',
  'Cancel a task',
  'At any point before its end; a running handler is told to stop.',
);
const pause = commandRoute(
  'pause',
  'pauseTask',
  'Pause a task',
  'Until its first attempt begins. Past its time it stays paused.',
);
const resume = commandRoute(
  'resume',
  'resumeTask',
  'Resume a paused task',
  'One whose time has passed runs at once.',
);
const runNow = commandRoute(
  'run-now',
  'runTaskNow',
  'Run a task now',
  'Ends a pause; in a backoff, begins the next attempt.',
);
const retry = createRoute({
  method: 'post',
  path: '/api/tasks/{id}/retry',
  operationId: 'retryTask',
  summary: 'Retry an ended task',
  description:
    'A new run under the same id, with all its retries: with the same input, or with what the body changes. Due at ' +
    'once, but for a task that was cancelled before its time, and where the body names a time. Of calls within a ' +
    'second, one begins a run; the others are 409, unless they have If-Match or an Idempotency-Key.',
  tags: ['Commands'],
  security: signedIn,
  request: {
    params: idParameter,
    headers: z.object({
      'idempotency-key': idempotencyKey.meta({
        description: 'The same key with the same body retries the task once, however often it is sent.',
      }),
      'if-match': ifMatch,
    }),
    body: { content: { 'application/json': { schema: editTaskInput } }, required: false },
  },
  responses: {
    200: { ...json(task, 'The task, with its new run.'), headers: etagHeader },
    ...problems(400, 401, 404, 409, 412, 413, 415, 422, 503),
  },
});

/** Commands answer with the task: 200 when the effect is there, 202 when it is on its way. */
export function commandRoutes(app: Api, { tasks, touched }: ApiDependencies): void {
  const commands = [
    { route: cancel, run: tasks.cancel },
    { route: pause, run: tasks.pause },
    { route: resume, run: tasks.resume },
    { route: runNow, run: tasks.runNow },
  ];
  for (const { route, run } of commands) {
    app.openapi(route, async (c) => {
      const id = taskId(c.req.valid('param').id);
      const { task, etag, done } = await run(c.get('principal'), id);
      touched(id);
      return c.json(task, done ? 200 : 202, { ETag: etag });
    });
  }

  app.openapi(retry, async (c) => {
    const id = taskId(c.req.valid('param').id);
    const headers = c.req.valid('header');
    const { task, etag } = await tasks.retry(c.get('principal'), id, {
      changes: c.req.valid('json') ?? {},
      idempotencyKey: headers['idempotency-key'],
      ifMatch: headers['if-match'],
      askedAt: c.get('receivedAt'),
    });
    touched(id);
    return c.json(task, 200, { ETag: etag });
  });
}
