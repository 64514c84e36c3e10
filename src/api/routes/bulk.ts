import { randomUUID } from 'node:crypto';
import type { Principal } from '../../auth/principal.ts';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  actionResults,
  actionsInput,
  bulkInput,
  bulkResults,
  dryRunResult,
  type WrittenActionResult,
  type WrittenBulkResult,
} from '../../contract/bulk.ts';
import { AppError, type FieldError } from '../../contract/errors.ts';
import { fieldErrors } from '../../contract/issues.ts';
import { maxPredecessors } from '../../contract/predecessors.ts';
import { type CreateTaskInput, createTaskInput, type TaskSummary } from '../../contract/task.ts';
import type { ActionOutcome, Outcome } from '../../tasks/bulk.ts';
import { isLongerThan } from '../../lib/json-size.ts';
import { auditLine } from '../audit.ts';
import { faultIn } from '../body.ts';
import { idempotencyKey } from '../headers.ts';
import { problemOf } from '../problem.ts';
import { countTasksOf } from '../rate-limit.ts';
import { json, problems } from '../responses.ts';
import { shownTo } from '../task.ts';
import { type RouteDependencies, type RouteTable, signedInRoute } from '../route.ts';

const tags = ['Bulk operations'];

/** Maximum size of a request that creates a thousand tasks, in bytes. */
const maxBodyBytes = 16 * 1024 * 1024;
/** Maximum length of one of these tasks, in characters of JSON: more than any valid one has. */
const maxItemLength = 300 * 1024;

const bulk = signedInRoute({
  method: 'post',
  path: '/api/tasks/bulk',
  operationId: 'createTasks',
  summary: 'Schedule many tasks',
  description:
    'Schedules up to 1,000 tasks, each on its own: an invalid task does not affect the others. The request body can be up ' +
    'to 16 MiB.',
  tags,
  rules: { isBulk: true, maxBodyBytes, checksValues: true },
  request: {
    headers: z.object({
      'idempotency-key': idempotencyKey.meta({
        description:
          'Applies to each task by its position in the list, so the same request can safely be sent again.',
      }),
    }),
    body: { content: { 'application/json': { schema: bulkInput } }, required: true },
  },
  responses: {
    207: json(bulkResults, 'The result for each task.'),
    ...problems(400, 413, 415, 429),
  },
});

const actions = signedInRoute({
  method: 'post',
  path: '/api/tasks/actions',
  operationId: 'actOnTasks',
  summary: 'Act on many tasks',
  description:
    'Performs an action on the tasks listed in `ids`, or on all tasks that match a filter, up to 1,000. A filter that ' +
    'matches more is rejected with the number of matches. With `dry_run`, nothing is changed and only the number of ' +
    'tasks is returned.',
  tags,
  rules: { isBulk: true },
  request: { body: { content: { 'application/json': { schema: actionsInput } }, required: true } },
  responses: {
    200: json(dryRunResult, 'The number of tasks, for a dry run.'),
    207: json(actionResults, 'The result for each task.'),
    ...problems(400, 403, 413, 415, 429, 503),
  },
});

/** Returns how many predecessors these unchecked tasks name, as far as a task can have them. */
function predecessorsOf(items: readonly unknown[]): number {
  const counts = items.map((item) => {
    const after = typeof item === 'object' && item !== null && 'after' in item ? item.after : undefined;
    return Array.isArray(after) ? Math.min(after.length, maxPredecessors) : 0;
  });
  return counts.reduce((sum, count) => sum + count, 0);
}

type Dependencies = Pick<RouteDependencies, 'tasks' | 'onTaskWritten' | 'onTaskDeleted' | 'rate' | 'logger'>;

export function bulkRoutes(
  routes: RouteTable,
  { tasks, onTaskWritten, onTaskDeleted, rate, logger }: Dependencies,
): void {
  /** Returns an error as a request for that one task would have reported it. */
  function rejection(error: unknown) {
    const requestId = randomUUID();
    const { status, body } = problemOf(error, requestId);
    if (status === 500) logger.error({ err: error, requestId }, 'a task of a bulk request failed');
    const { code, detail, errors } = body;
    const found = Array.isArray(errors) ? { errors } : {};
    return { status, code: String(code), detail: String(detail), ...found };
  }

  function resultOf(principal: Principal, id: string, one: Outcome<ActionOutcome>): WrittenActionResult {
    onTaskWritten(id);
    if ('error' in one) return { id, ...rejection(one.error) };
    const { deletedOwner, task, ...result } = one.value;
    if (deletedOwner !== undefined) onTaskDeleted(id, deletedOwner);
    return { id, ...result, ...(task && { task: shownTo(principal, task) }) };
  }

  routes.add(bulk, async (c) => {
    // Each is checked when its turn comes: a thousand checks at once would block the process.
    const items = c.req.valid('json').tasks;
    const requests = items.map((item) => () => checked(item));
    countTasksOf(c, rate, requests.length + predecessorsOf(items));
    const key = c.req.valid('header')['idempotency-key'];
    const principal = c.get('principal');
    const results: WrittenBulkResult[] = [];
    // Logged one by one, so that a process killed halfway has recorded what it did.
    const onOutcome = (one: Outcome<TaskSummary>, index: number): void => {
      const result: WrittenBulkResult =
        'value' in one ? { status: 201, task: shownTo(principal, one.value) } : rejection(one.error);
      results[index] = result;
      const task = 'task' in result ? result.task.id : undefined;
      auditLine(logger, principal, { action: 'bulk', task, ...answered(c, result) });
    };
    await tasks.bulk.create(principal, requests, key, onOutcome);
    return c.json({ results }, 207);
  });

  routes.add(actions, async (c) => {
    const principal = c.get('principal');
    if (c.req.header('If-Match') !== undefined) {
      throw new AppError('malformed_request', 'If-Match applies to one task. Send a request for each task.');
    }
    const { action, ids: named, filter, dry_run } = c.req.valid('json');
    const ids = named ? [...new Set(named)] : await tasks.bulk.select(principal, filter ?? {});
    countTasksOf(c, rate, ids.length);
    if (dry_run) {
      const matched = named ? await tasks.bulk.countKnown(principal, ids) : ids.length;
      return c.json({ matched }, 200);
    }
    const results: WrittenActionResult[] = [];
    const onOutcome = (one: Outcome<ActionOutcome>, index: number): void => {
      const id = ids[index] ?? '';
      const result = resultOf(principal, id, one);
      results[index] = result;
      auditLine(logger, principal, { action, task: id, ...answered(c, result) });
    };
    await tasks.bulk.act(principal, action, ids, named ? undefined : filter, onOutcome);
    return c.json({ results }, 207);
  });
}

function answered(c: Context, { status }: { status: number }) {
  return { status, requestId: c.res.headers.get('X-Request-Id') };
}

/** Validates one task of a bulk request by the rules of POST /api/tasks/. @throws AppError */
function checked(item: unknown): CreateTaskInput {
  if (isLongerThan(maxItemLength, item)) {
    throw new AppError('payload_too_large', `The task has more than ${maxItemLength} characters of JSON.`);
  }
  const fault = faultIn(item);
  if (fault) throw invalid([fault]);
  const parsed = createTaskInput.safeParse(item);
  if (!parsed.success) throw invalid(fieldErrors(parsed.error));
  return parsed.data;
}

function invalid(errors: readonly FieldError[]): AppError {
  return new AppError('validation', 'The task is invalid.', { errors });
}
