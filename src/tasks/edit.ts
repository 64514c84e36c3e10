import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { AppError, isNotFound, wrongState } from '../contract/errors.ts';
import { timeLeftMs } from '../lib/deadline.ts';
import { specOf, type TaskSpec } from '../contract/spec.ts';
import type { EditTaskInput } from '../contract/task.ts';
import type { TaskEdit } from '../contract/workflow.ts';
import { assertChangeable, loadTask } from './access.ts';
import type { Actor } from '../resources/actor.ts';
import { checkedChanges } from './changes.ts';
import type { WriteContext } from './context.ts';
import { assertMatches, staleVersion } from './etag.ts';
import type { LiveExecution } from './execution.ts';
import { readTask, type TaskView } from './read.ts';
import { rejection, unreadable } from './rejection.ts';
import { summarise } from './summary.ts';
import { currentInput } from './spec.ts';
import type { TaskStore } from './store.ts';
import { UpdateRejected, UpdateUnanswered } from '../temporal/errors.ts';

/**
 * Deadline of an update, in milliseconds. A worker answers within a few milliseconds if one is running, unless it has an
 * attempt of the task on the quick lane.
 */
const editTimeoutMs = 3000;
/** Time kept for finding out whether an edit without an answer was made, in milliseconds. */
const checkMs = 300;
/** Time allowed for transit, in milliseconds: an edit must not be made once its caller has stopped waiting. */
const expiryMarginMs = 500;
/** Maximum time for which concurrent edits are rebased and retried, in milliseconds. */
const raceMs = 3500;

/**
 * Edits a task that has not started. Makes all of the changes or none.
 * @param ifMatch the ETag of the state that the author of the change has seen.
 */
export async function editTask(
  context: WriteContext,
  actor: Actor,
  id: string,
  request: EditTaskInput,
  ifMatch: string | undefined,
): Promise<TaskView> {
  const deadline = performance.now() + raceMs;
  for (;;) {
    const before = await loadTask(context.store, actor, id);
    assertEditable(before, ifMatch);
    const current = await currentInput(context.store, before);
    if (!current) throw unreadable();
    const timeoutMs = Math.min(editTimeoutMs, timeLeftMs() - checkMs);
    if (timeoutMs <= expiryMarginMs) throw noWorker(new Error('No time was left for the update'));
    const now = await context.store.temporal.clock.measuredNow();
    const { changes, isQuick } = await checkedChanges(context, current, request, now);
    const changed = Object.keys(changes) as (keyof TaskSpec)[];
    if (changed.length === 0) return readTask(context, actor, before);
    const edit: TaskEdit = {
      spec: { ...specOf(current), ...changes },
      changed,
      quick: isQuick,
      by: actor.id,
      by_name: actor.name,
      expected_version: before.version,
      not_after: new Date(now + timeoutMs - expiryMarginMs).toISOString(),
    };
    // The server keeps the whole specification with each edit.
    const release = context.quota.takeData(before.owner, edit.spec);
    const outcome = await sendEdit(context, before, edit, timeoutMs).catch((error: unknown) => {
      release();
      throw error;
    });
    if (outcome === 'made') return readTask(context, actor, await loadTask(context.store, actor, id));
    release();
    if (ifMatch !== undefined) throw staleVersion();
    if (performance.now() > deadline) throw wrongState('Task is being changed by too many requests at once');
    await sleep(Math.random() * 50);
  }
}

function assertEditable(execution: LiveExecution, ifMatch: string | undefined): void {
  assertMatches(ifMatch, execution);
  const seen = summarise(execution, { now: Date.now() });
  if (seen.status !== 'SCHEDULED' && seen.status !== 'PENDING') throw rejection(execution, 'changed');
  assertChangeable(execution);
}

async function sendEdit(
  context: WriteContext,
  before: LiveExecution,
  edit: TaskEdit,
  timeoutMs: number,
): Promise<'made' | 'stale'> {
  const { store } = context;
  try {
    await store.edit(before.id, before.runId, edit, timeoutMs);
    return 'made';
  } catch (error) {
    const translated = rejectionOf(error);
    if (!(translated instanceof AppError)) throw translated;
    if (translated.code === 'stale_version') return 'stale';
    if (translated.code === 'no_worker') {
      const now = await store.describe(before.id, before.runId);
      if (now && (await wasMade(store, before, now, edit))) return 'made';
      // The workflow rejects the edit once it learns of this.
      if (now?.pending?.started || now?.isWorking) throw started();
    }
    throw translated;
  }
}

/** Returns whether the edit was made after all: a stalled worker may have made it but answered too late. */
async function wasMade(
  store: TaskStore,
  { version }: LiveExecution,
  now: LiveExecution,
  edit: TaskEdit,
): Promise<boolean> {
  if (now.version === version) return false;
  const current = await currentInput(store, now);
  return current !== undefined && isDeepStrictEqual(specOf(current), edit.spec);
}

function rejectionOf(error: unknown): unknown {
  if (error instanceof UpdateUnanswered) return noWorker(error);
  if (isNotFound(error)) return wrongState('Task has ended in the meantime');
  if (!(error instanceof UpdateRejected)) return error;
  if (error.type === 'wrong_state') return started();
  if (error.type === 'stale_version') return staleVersion();
  return error.type === 'expired' ? noWorker(error) : error;
}

function started(): AppError {
  return wrongState('Task has started and cannot be changed');
}

function noWorker(cause: unknown): AppError {
  return new AppError('no_worker', 'No worker took the change in time. Read the task before you try again.', {
    cause,
    retryAfterSeconds: 5,
  });
}
