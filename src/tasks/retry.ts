import { randomUUID } from 'node:crypto';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { EditTaskInput } from '../contract/task.ts';
import type { TaskInput } from '../contract/workflow.ts';
import { AppError } from '../contract/errors.ts';
import { loadTask } from './access.ts';
import type { Actor } from '../resources/actor.ts';
import { checkedChanges } from './changes.ts';
import type { WriteContext } from './context.ts';
import { assertMatches } from './etag.ts';
import type { Execution, LiveExecution } from './execution.ts';
import { digest, keyReused } from '../resources/idempotency.ts';
import { predecessorsLeft } from '../contract/predecessors.ts';
import { endedPredecessorsForRetry } from './predecessors.ts';
import { readTask, type TaskView } from './read.ts';
import { formerMessages, rejection, unreadable } from './rejection.ts';
import { allRunsOf } from './rows.ts';
import { endedStatus } from './summary.ts';
import { runsOf } from './search.ts';
import { currentInput } from './spec.ts';
import { type NewRun, startRun } from './start.ts';
import { uuidFrom } from '../lib/uuid.ts';
import type { TaskStore } from './store.ts';

const repetitionMs = 1000;

export interface RetryRequest {
  /** Changes that apply to the new run. */
  readonly changes: EditTaskInput;
  /** The same key from the same actor retries the task once. */
  readonly idempotencyKey?: string | undefined;
  /** The ETag of the state that the author has seen. */
  readonly ifMatch?: string | undefined;
  /** Throws if the task is not in the state that the caller expects. */
  readonly check?: ((execution: LiveExecution) => void) | undefined;
  /** Time at which the request arrived, in milliseconds since the epoch. */
  readonly receivedAt: number;
}

/**
 * Starts a new run of an ended task under the same id. Any number of calls for the same ended run start only one, since
 * Temporal treats them as one request; so do calls at about the same time, even if the new run ends between them.
 */
export async function retryTask(
  context: WriteContext,
  actor: Actor,
  id: string,
  request: RetryRequest,
): Promise<TaskView> {
  const { store } = context;
  const ended = await loadTask(store, actor, id);
  request.check?.(ended);
  const mark = markOf(actor, request);
  if (request.idempotencyKey !== undefined && (await wasRetried(context, ended, mark)))
    return readTask(context, actor, await loadTask(store, actor, id));
  assertMatches(request.ifMatch, ended);
  if (ended.status === 'open') throw rejection(ended, 'retried');
  const now = await store.temporal.clock.measuredNow();
  // The run's start is by the server's clock.
  const receivedAt = request.receivedAt + now - Date.now();
  if (isRepetition(ended, { ...request, receivedAt })) throw repetition();
  const input = await newInput(context, actor, ended, { changes: request.changes, now });
  const run: NewRun = {
    id,
    input,
    replaces: {
      runId: ended.runId,
      scheduleId: ended.scheduleId,
      status: endedStatus[ended.status],
      closedAt: ended.closedAt ?? now,
    },
    ...(ended.memo.fingerprint ? { fingerprint: ended.memo.fingerprint } : {}),
    retryMark: mark,
  };
  await assertRoomForRun(context, ended);
  const release = await context.quota.take(ended.owner, input);
  try {
    await assertOurs(context, id, await startRun(store, run, now), mark);
  } catch (error) {
    release();
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw retriedMeanwhile();
  }
  return readTask(context, actor, await loadTask(store, actor, id));
}

/** @throws AppError wrong_state for a task that has as many runs as it may have. The newest may not be counted yet. */
async function assertRoomForRun(
  { store, maxRuns }: WriteContext,
  { id, memo }: LiveExecution,
): Promise<void> {
  // Counts automatic retries, too, so that it is never less than the number of runs but one.
  if (memo.retry_count + 1 < maxRuns || (await store.count(runsOf(id))) < maxRuns) return;
  throw new AppError('wrong_state', `Task has ${maxRuns} runs, the maximum. Create a task to run it again.`, {
    formerMessage: formerMessages.retried,
  });
}

async function newInput(
  context: WriteContext,
  actor: Actor,
  ended: LiveExecution,
  { changes, now }: { changes: EditTaskInput; now: number },
): Promise<TaskInput> {
  const { store } = context;
  const last = await currentInput(store, ended);
  if (!last) throw unreadable();
  const { predecessors_over: _ended, after_met: _met, quick: _quick, ...same } = last;
  const neverStarted = ended.status === 'cancelled' && ended.memo.attempt === 0;
  const checked = await checkedChanges(context, last, changes, now);
  return {
    ...same,
    ...(await predecessorInputForRetry(store, ended, same.after)),
    // A task that was cancelled before it started keeps its scheduled time; otherwise it is due immediately.
    scheduled_time: new Date(neverStarted ? Math.max(ended.scheduledAt, now) : now).toISOString(),
    ...checked.changes,
    ...(checked.isQuick && { quick: true }),
    version: ended.version + 1,
    retry_count: ended.memo.retry_count + 1,
    retried_by: { id: actor.id, name: actor.name },
  };
}

/**
 * Returns how the new run waits for its predecessors. It doesn't wait again for those that the ended run no
 * longer waited for: they may have been deleted by now.
 */
async function predecessorInputForRetry(
  store: TaskStore,
  { memo }: LiveExecution,
  after: readonly string[] = [],
): Promise<Pick<TaskInput, 'predecessors_over' | 'after_met'>> {
  if (after.length === 0) return {};
  const left = predecessorsLeft({ after, ...memo });
  if (left.length === 0) return { after_met: true };
  const met = after.filter((id) => !left.includes(id)).map((id) => ({ id, ended: 'COMPLETED' as const }));
  const { predecessors_over = [] } = await endedPredecessorsForRetry(store, left);
  return { predecessors_over: [...met, ...predecessors_over] };
}

/**
 * Recognises a second click, or a caller who doesn't know that another one was quicker: they have not yet
 * seen the new run, which may have failed within milliseconds.
 */
function isRepetition(ended: LiveExecution, { receivedAt, ifMatch, idempotencyKey }: RetryRequest): boolean {
  if (!ended.isRetry || ifMatch !== undefined || idempotencyKey !== undefined) return false;
  return receivedAt - ended.startedAt < repetitionMs;
}

function repetition(): AppError {
  const message =
    'Task was retried less than a second ago. Send If-Match or an Idempotency-Key to retry its latest run immediately.';
  return new AppError('wrong_state', message, {
    retryAfterSeconds: 1,
    formerMessage: formerMessages.retried,
  });
}

type Mark = NonNullable<NewRun['retryMark']>;

function markOf({ id }: Actor, { idempotencyKey, changes }: RetryRequest): Mark {
  const key = idempotencyKey === undefined ? randomUUID() : uuidFrom(`retry-key\0${id}\0${idempotencyKey}`);
  return { key, fingerprint: digest(changes) };
}

/**
 * Makes sure that this retry started the run. Temporal treats all retries of an ended run as one request, and answers
 * the later ones with the run of the first.
 */
async function assertOurs({ store }: WriteContext, id: string, runId: string, mark: Mark): Promise<void> {
  const run = await store.describe(id, runId);
  if (!run || !isStartedBy(run, mark)) throw retriedMeanwhile();
}

function retriedMeanwhile(): AppError {
  const message = 'Task was retried by another request in the meantime';
  return new AppError('wrong_state', message, { formerMessage: formerMessages.retried });
}

/** Returns whether a run was started with this key. @throws AppError key_reused if it was, but with other changes. */
function isStartedBy({ memo }: Execution, { key, fingerprint }: Mark): boolean {
  if (memo.retry_key !== key) return false;
  if (memo.retry_fingerprint !== fingerprint) throw keyReused();
  return true;
}

/** Returns whether any run of the task was started with this key. */
async function wasRetried({ store }: WriteContext, newest: LiveExecution, mark: Mark): Promise<boolean> {
  // Visibility may not list the newest one yet.
  return (
    isStartedBy(newest, mark) || (await allRunsOf(store, newest.id)).some((run) => isStartedBy(run, mark))
  );
}
