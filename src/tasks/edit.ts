import { WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { editUpdate } from '../../workflows/messages.ts';
import type { TaskTypes } from '../../activities/types/index.ts';
import { AppError } from '../contract/errors.ts';
import type { EditTaskInput } from '../contract/task.ts';
import type { TaskEdit, TaskInput, TaskSpec } from '../contract/workflow.ts';
import { type Actor, loadTask } from './access.ts';
import { checkLimits, checkPayload, invalid, scheduledTime } from './checks.ts';
import type { Writer } from './create.ts';
import type { LiveExecution } from './execution.ts';
import { etagOf, readTask, type TaskView, wrongState } from './read.ts';
import { summarise } from './snapshot.ts';
import { currentInput } from './spec.ts';
import { isDeadlineExceeded } from './temporal-errors.ts';

/** A worker answers an update within milliseconds, or is not there. */
const editTimeoutMs = 3000;

/**
 * Changes a task that has not started, all at once or not at all.
 * @param ifMatch the ETag of the state that the author of the change has seen.
 */
export async function editTask(
  writer: Writer,
  actor: Actor,
  id: string,
  request: EditTaskInput,
  ifMatch: string | undefined,
): Promise<TaskView> {
  const { store } = writer;
  const before = await loadTask(store, actor, id);
  const seen = summarise(before, { now: Date.now() });
  if (ifMatch !== undefined && !matches(ifMatch, etagOf(before.runId, seen))) throw staleVersion();
  if (seen.status !== 'SCHEDULED' && seen.status !== 'PENDING')
    throw wrongState('Task has started and cannot be changed');
  const changes = checkedChanges(writer.taskTypes, before, request, await currentInput(store, before));
  if (Object.keys(changes).length === 0) return readTask(writer, actor, before);
  const edit: TaskEdit = {
    changes,
    by: actor.id,
    expected_version: ifMatch === undefined ? null : before.version,
    not_after: new Date(Date.now() + editTimeoutMs).toISOString(),
  };
  await sendEdit(writer, before, edit);
  return readTask(writer, actor, await loadTask(store, actor, id));
}

async function sendEdit({ store }: Writer, { id, runId }: LiveExecution, edit: TaskEdit): Promise<void> {
  try {
    const handle = store.client.workflow.getHandle(id, runId);
    await store.call(() => handle.executeUpdate(editUpdate, { args: [edit] }), editTimeoutMs);
  } catch (error) {
    throw refusalOf(error);
  }
}

function refusalOf(error: unknown): unknown {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isDeadlineExceeded(error))
    return noWorker(error);
  if (error instanceof AppError && error.code === 'not_found') return wrongState('Task has ended meanwhile');
  if (!(error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure))
    return error;
  const { type } = error.cause;
  if (type === 'wrong_state') return wrongState('Task has started and cannot be changed');
  if (type === 'stale_version') return staleVersion();
  return type === 'expired' ? noWorker(error) : error;
}

/** RFC 9110, 13.1.1: a list of tags, or `*` for whatever there is. */
function matches(ifMatch: string, etag: string): boolean {
  return ifMatch.split(',').some((tag) => tag.trim() === '*' || tag.trim() === etag);
}

function staleVersion(): AppError {
  return new AppError('stale_version', 'The task has changed since the version that If-Match names.');
}

function noWorker(cause: unknown): AppError {
  return new AppError('no_worker', 'No worker took the change in time; it was not made.', {
    cause,
    retryAfterSeconds: 5,
  });
}

function checkedChanges(
  taskTypes: TaskTypes,
  before: LiveExecution,
  request: EditTaskInput,
  current: TaskInput | undefined,
): Partial<TaskSpec> {
  if (request.type !== undefined && request.type !== before.memo.type) {
    throw invalid('/type', 'The type of a task cannot be changed.');
  }
  const { name, description, tags, priority, soft_time_limit, time_limit } = request;
  const retry = request.retry && { ...(current ?? before.memo).retry, ...dropUndefined(request.retry) };
  checkLimits(soft_time_limit ?? before.memo.soft_time_limit, time_limit ?? before.memo.time_limit);
  const unchangedTime = request.scheduled_time === current?.scheduled_time;
  const scheduled_time = unchangedTime ? undefined : scheduledTime(request, Date.now());
  const payload =
    request.payload === undefined ? undefined : checkPayload(taskTypes, before.memo.type, request.payload);
  return dropUndefined({
    name,
    description,
    tags,
    priority,
    retry,
    soft_time_limit,
    time_limit,
    scheduled_time,
    payload,
  });
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function dropUndefined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}
