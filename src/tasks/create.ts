import { randomUUID } from 'node:crypto';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ifFound } from '../contract/errors.ts';
import { defaultSoftTimeLimit } from '../contract/limits.ts';
import type { CreateTaskInput, Task } from '../contract/task.ts';
import type { PredecessorInput } from '../contract/predecessors.ts';
import type { TaskInput } from '../contract/workflow.ts';
import { loadTask } from './access.ts';
import type { Actor } from '../resources/actor.ts';
import { checkLimits, checkMaxTimeLimit, checkPayload, scheduledTime } from './checks.ts';
import type { WriteContext } from './context.ts';
import { assertNotDeleted, taskDeleted } from './deleted-keys.ts';
import { etagOf } from './etag.ts';
import { firstExecution } from './execution.ts';
import { digest, keyReused } from '../resources/idempotency.ts';
import { readTask, type TaskView } from './read.ts';
import { summarise } from './summary.ts';
import { endedPredecessors } from './predecessors.ts';
import { firstStatus, memoOf, startRun } from './start.ts';
import { webUiLink } from './web-ui.ts';
import { uuidFrom } from '../lib/uuid.ts';
import { specOf } from '../contract/spec.ts';

/**
 * @param idempotencyKey the same key from the same owner creates the same task: its id is derived from both, so
 * Temporal itself remembers the key for as long as it keeps the task.
 * @throws AppError task_deleted if the key's task has been deleted.
 */
export async function createTask(
  context: WriteContext,
  actor: Actor,
  request: CreateTaskInput,
  idempotencyKey?: string,
): Promise<TaskView> {
  const fingerprint = idempotencyKey === undefined ? undefined : digest(request);
  const id = idempotencyKey === undefined ? randomUUID() : uuidFrom(`create\0${actor.id}\0${idempotencyKey}`);
  if (fingerprint !== undefined) {
    const earlier = await createdEarlier(context, actor, id, fingerprint);
    if (earlier) return earlier;
    await assertNotDeleted(context.store, id);
  }
  const now = await context.store.temporal.clock.measuredNow();
  const input = {
    ...(await newInput(context, actor, request, now)),
    ...(await predecessorInput(context, actor, request)),
  };
  const run = { id, input, ...(fingerprint === undefined ? {} : { fingerprint }) };
  const release = await context.quota.take(actor.id, input);
  try {
    const runId = await startRun(context.store, run, now);
    return justStarted(context, actor, { id, runId, input, now });
  } catch (error) {
    release();
    if (!(error instanceof WorkflowExecutionAlreadyStartedError) || fingerprint === undefined) throw error;
    const earlier = await createdEarlier(context, actor, id, fingerprint);
    if (earlier) return earlier;
    await assertNotDeleted(context.store, id);
    // A workflow that is no task has its id: what a command has left that met the deletion of the task in Temporal.
    throw taskDeleted();
  }
}

async function createdEarlier(
  context: WriteContext,
  actor: Actor,
  id: string,
  fingerprint: string,
): Promise<TaskView | undefined> {
  const execution = await ifFound(loadTask(context.store, actor, id));
  if (!execution) return undefined;
  if (execution.memo.fingerprint !== fingerprint) {
    throw keyReused();
  }
  return readTask(context, actor, execution);
}

async function newInput(
  { taskTypes, maxTimeLimit }: WriteContext,
  actor: Actor,
  request: CreateTaskInput,
  now: number,
): Promise<TaskInput> {
  const { type, soft_time_limit, time_limit } = request;
  // A soft limit with the value of its default may be the default itself.
  const given = soft_time_limit === defaultSoftTimeLimit ? 'time_limit' : 'soft_time_limit';
  checkLimits(soft_time_limit, time_limit, given);
  checkMaxTimeLimit(time_limit, maxTimeLimit);
  const scheduled_time = scheduledTime(request, now) ?? new Date(now).toISOString();
  const { isQuick } = await checkPayload(taskTypes, type, request.payload);
  return {
    ...specOf({ ...request, scheduled_time }),
    type,
    ...(isQuick && { quick: true }),
    owner: { id: actor.id, name: actor.name },
    created_at: new Date(now).toISOString(),
    version: 1,
    retry_count: 0,
  };
}

async function predecessorInput(
  { store }: WriteContext,
  actor: Actor,
  request: CreateTaskInput,
): Promise<PredecessorInput> {
  const { after = [], after_policy } = request;
  if (after.length === 0) return {};
  const ended = await endedPredecessors(store, actor, after);
  return { after, ...(after_policy === undefined ? {} : { after_policy }), ...ended };
}

/**
 * Builds the response to a creation without calling the server, which has no more yet than what was just
 * sent.
 */
function justStarted(
  context: WriteContext,
  actor: Actor,
  run: { id: string; runId: string; input: TaskInput; now: number },
): TaskView {
  const { id, runId, input, now } = run;
  const execution = firstExecution(
    { id, runId, input, memo: memoOf({ input }), storedStatus: firstStatus(input) },
    now,
  );
  const task: Task = {
    ...summarise(execution, { now, webUiLink: webUiLink(context, actor, execution) }),
    description: input.description,
    payload: input.payload,
    attempts: [],
  };
  return { task, etag: etagOf(runId, task) };
}
