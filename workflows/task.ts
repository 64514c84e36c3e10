/**
 * The life of one task: it waits until it is due, is attempted until an attempt succeeds or its retries are
 * used up, and ends in Temporal as it ends for its owner: completed, failed or cancelled.
 */
import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  workflowInfo,
} from '@temporalio/workflow';
import { searchAttributes } from '../src/contract/names.ts';
import type { EndedPredecessor } from '../src/contract/predecessors.ts';
import { inputOfRun } from '../src/contract/run-id.ts';
import type {
  AttemptReport,
  AttemptSuccess,
  MovedAttempt,
  TaskInput,
  TaskOutcome,
} from '../src/contract/workflow.ts';
import { startAttempt, type AttemptOutcome } from './attempt.ts';
import { subscribeToPredecessors } from './dependencies.ts';
import { endByError, endRun, type RunEnd } from './end.ts';
import { measures } from './measures.ts';
import { taskFailure, predecessorFailure, describeState, recordFirst } from './record.ts';
import { mergedReports } from './reports.ts';
import { isTaskInput } from './message-shapes.ts';
import { handleMessages, Run } from './run.ts';
import {
  attemptCancelled,
  attemptFailed,
  attemptMoved,
  attemptRecalled,
  attemptWithdrawn,
  becomeDue,
  endBackoff,
  type FailedAttempt,
  firstStart,
  initialState,
  predecessorEnded,
  timeLeft,
  type TaskState,
} from './state.ts';

export async function task(given: TaskInput): Promise<TaskOutcome> {
  const { workflowId, startTime } = workflowInfo();
  const input = inputOfRun(given, workflowId, startTime.getTime());
  assertIsTask(input);
  const run = new Run(initialState(input, Date.now()));
  handleMessages(run);
  if (input !== given && given.scheduled_time === undefined) recordRunOfSchedule(run, input);
  else describeState(run.state);
  const end = await untilEnd(run, input);
  await endRun(run, end.status);
  measures.taskEnded(input.type, end.status);
  if (end.status !== 'COMPLETED') throw end.failure;
  return end.outcome;
}

/**
 * Fails a workflow that was not started by the service: its input is none, or names another owner than the one that its
 * search attribute shows, whose files its handler could otherwise read.
 */
function assertIsTask(input: unknown): asserts input is TaskInput {
  const shown = workflowInfo().typedSearchAttributes.get(searchAttributes.owner);
  if (isTaskInput(input) && input.owner.id === shown) return;
  throw ApplicationFailure.nonRetryable('The input is not that of a task of this owner', 'NotATask');
}

/** Records what the runs of a schedule, which share their first attributes, can't have from the start: they are due. */
function recordRunOfSchedule(run: Run, { created_at }: TaskInput): void {
  run.state = becomeDue(run.state, Date.now());
  recordFirst(run.state, created_at);
}

/**
 * Returns how the run ends. @throws an error that is a bug of ours: the task continues once the bug is fixed.
 */
async function untilEnd(run: Run, input: TaskInput): Promise<RunEnd> {
  try {
    // A cancellation before the first workflow task doesn't keep the code from starting.
    throwIfCancelled();
    // The SDK takes a stack trace for each promise, so create none if there is nothing to wait for.
    if (run.state.waitsFor.length > 0) await waitForPredecessors(run);
    return { status: 'COMPLETED', outcome: await untilSuccess(run, input) };
  } catch (error) {
    return endByError(error);
  }
}

/**
 * Waits until every predecessor has ended. A pause takes effect after that.
 * @throws the task's failure if a predecessor's end rules it out.
 */
async function waitForPredecessors(run: Run): Promise<void> {
  const isDecided = (): boolean => run.state.ruledOutBy !== null || run.state.waitsFor.length === 0;
  if (!isDecided()) {
    const onEnded = (predecessor: EndedPredecessor): void =>
      run.update(predecessorEnded(run.state, predecessor, Date.now()));
    const subscribed = subscribeToPredecessors(run.state.waitsFor, onEnded).then(() => condition(isDecided));
    // One end that rules the task out is enough, even if the other predecessors have not been asked yet.
    await Promise.race([subscribed, condition(isDecided)]);
  }
  if (run.state.ruledOutBy) throw predecessorFailure(run.state, run.state.ruledOutBy);
}

/**
 * Attempts the task whenever it is due, until an attempt succeeds. @throws the failure that ends the task.
 */
async function untilSuccess(run: Run, input: TaskInput): Promise<TaskOutcome> {
  for (;;) {
    while (waitsForTime(run.state)) await untilDueOrChanged(run);
    // A task that ends on the quick lane is due and ends in one step: there is nothing to record in between.
    if (run.state.lane === 'ordinary') run.update(becomeDue(run.state, Date.now()));
    run.update(endBackoff(run.state));
    run.attempt = startAttempt(input, run.state);
    let result: AttemptSuccess | MovedAttempt | undefined;
    try {
      result = await run.attempt.result;
    } catch (error) {
      applyAttemptEnd(run, input, run.attempt.endAfter(error));
    }
    if (result && !('moved' in result)) return outcome(run.state, result);
    if (result) applyAttemptEnd(run, input, { kind: 'moved', moved: result });
    while (waitsForRetry(run.state)) await untilNextAttempt(run);
  }
}

/** Records an unsuccessful attempt. @throws the failure that ends the task, if there is no other attempt. */
function applyAttemptEnd(run: Run, { type }: TaskInput, ended: AttemptOutcome): void {
  run.attempt = undefined;
  switch (ended.kind) {
    case 'withdrawn':
      run.update(attemptWithdrawn(run.state));
      return;
    case 'not_started':
      // An earlier try of this attempt may have started, and was handed back.
      if (run.state.interrupted.length === 0) run.makeWaiting();
      else applyRecall(run, undefined);
      return;
    case 'interrupted':
      applyRecall(run, ended.report);
      return;
    case 'cancelled':
      run.update(attemptCancelled(run.state, ended.report));
      throw new CancelledFailure('Task cancelled');
    case 'moved':
      run.update(attemptMoved(run.state, ended.moved, Date.now()));
      if (ended.moved.report) run.rejectWaiting();
      else run.makeWaiting();
      return;
    case 'failed':
      run.update(attemptFailed(run.state, ended.failed, Date.now(), Math.random()));
      measureFailure(type, ended.failed, run.state);
      if (run.state.nextAttemptAt === null) throw taskFailure(run.state, ended.error);
  }
}

function measureFailure(type: string, { retryable }: FailedAttempt, { nextAttemptAt }: TaskState): void {
  if (retryable) measures.attemptFailed(type, nextAttemptAt === null ? 'exhausted' : 'retry');
}

/** Records that an attempt had started when it was to be withdrawn: the changes come too late. */
function applyRecall(run: Run, report: AttemptReport | undefined): void {
  run.update(attemptRecalled(run.state, report, Date.now()));
  run.rejectWaiting();
}

function outcome(state: TaskState, { result, report: last }: AttemptSuccess): TaskOutcome {
  return {
    result,
    attempt: last.attempt,
    started_at: state.started_at ?? firstStart(state, last),
    attempts: mergedReports(state.attempts, state.interrupted, [last]),
  };
}

function waitsForTime(state: TaskState): boolean {
  return state.status !== 'RUNNING' && (state.status === 'PAUSED' || timeLeft(state, Date.now()) > 0);
}

/** Waits until the task is due or a message changes it, whichever comes first. */
async function untilDueOrChanged(run: Run): Promise<void> {
  const { state } = run;
  if (state.status === 'PAUSED') {
    await condition(() => run.state.status !== 'PAUSED');
    return;
  }
  const summary = `Waiting until ${state.spec.scheduled_time}`;
  await condition(() => run.state !== state, timeLeft(state, Date.now()), { summary });
}

function waitsForRetry({ nextAttemptAt }: TaskState): boolean {
  return nextAttemptAt !== null && nextAttemptAt > Date.now();
}

async function untilNextAttempt(run: Run): Promise<void> {
  const { nextAttemptAt, retryCount } = run.state;
  if (nextAttemptAt === null) return;
  const summary = `Retry ${retryCount} at ${new Date(nextAttemptAt).toISOString()}`;
  await condition(() => run.state.nextAttemptAt !== nextAttemptAt, nextAttemptAt - Date.now(), { summary });
}

function throwIfCancelled(): void {
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('Task cancelled');
}
