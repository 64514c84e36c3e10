/**
 * The life of one task: it waits until it is due, is attempted until an attempt succeeds or its retries are
 * used up, and ends in Temporal as it ends for its owner: completed, failed or cancelled.
 */
import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  isCancellation,
  setHandler,
  TemporalFailure,
} from '@temporalio/workflow';
import type { PredecessorOver } from '../src/contract/predecessors.ts';
import type { EndedStatus } from '../src/contract/task.ts';
import type {
  AttemptSuccess,
  EditRefusal,
  Successor,
  TaskInput,
  TaskOutcome,
  TaskStatusReport,
} from '../src/contract/workflow.ts';
import { startAttempt, type Attempt, type AttemptEnd } from './attempt.ts';
import { follow, tellSuccessors } from './following.ts';
import {
  attemptBegunSignal,
  attemptOverSignal,
  commandSignal,
  editUpdate,
  predecessorOverSignal,
  statusQuery,
  successorSignal,
} from './messages.ts';
import { recordFailure, recordForbidden, recordState, story } from './record.ts';
import { mergedReports } from './reports.ts';
import {
  applyEdit,
  attemptBegun,
  attemptCancelled,
  attemptFailed,
  attemptInterrupted,
  attemptWithdrawn,
  becomeDue,
  editRefusal,
  endBackoff,
  firstStart,
  initialState,
  obey,
  predecessorOver,
  timeLeft,
  type TaskState,
} from './state.ts';

const refusals: Record<EditRefusal, string> = {
  wrong_state: 'The task has started',
  stale_version: 'The task has changed in the meantime',
  expired: 'The edit expired before it could be applied',
};

export async function task(input: TaskInput): Promise<TaskOutcome> {
  const run = new Run(initialState(input, Date.now()));
  handleMessages(run);
  story(run.state);
  try {
    // A cancellation before the first workflow task doesn't keep the code from starting.
    throwIfCancelled();
    // The SDK takes a stack trace for each promise, so create none if there is nothing to wait for.
    if (run.state.waitsFor.length > 0) await untilPredecessorsAreOver(run);
    for (;;) {
      while (waitsForTime(run.state)) await untilDueOrChanged(run);
      run.update(becomeDue(run.state, Date.now()));
      run.update(endBackoff(run.state));
      run.attempt = startAttempt(input, run.state);
      let success: AttemptSuccess | undefined;
      try {
        success = await run.attempt.success;
      } catch (error) {
        heed(run, run.attempt.endAfter(error));
      }
      if (success) {
        if (run.successors.size > 0) await tellEnd(run, 'COMPLETED');
        return outcome(run.state, success);
      }
      while (waitsForRetry(run.state)) await untilNextAttempt(run);
    }
  } catch (error) {
    const isCancelled = isCancellation(error) || CancellationScope.current().consideredCancelled;
    // Anything but Temporal's own failures is a bug of ours, which doesn't end the task.
    const isEnd = isCancelled || error instanceof TemporalFailure;
    if (isEnd && run.successors.size > 0) await tellEnd(run, isCancelled ? 'CANCELLED' : 'FAILED');
    throw isCancelled && !isCancellation(error) ? new CancelledFailure('Task cancelled') : error;
  }
}

/**
 * Waits until every predecessor has ended. A pause takes effect after that.
 * @throws the task's failure if a predecessor's end rules it out.
 */
async function untilPredecessorsAreOver(run: Run): Promise<void> {
  const isDecided = (): boolean => run.state.forbiddenBy !== null || run.state.waitsFor.length === 0;
  if (!isDecided()) {
    const onOver = (over: PredecessorOver): void => run.update(predecessorOver(run.state, over, Date.now()));
    const following = follow(run.state.waitsFor, onOver).then(() => condition(isDecided));
    // One bad end decides, even if the other predecessors have not been asked yet.
    await Promise.race([following, condition(isDecided)]);
  }
  if (run.state.forbiddenBy) throw recordForbidden(run.state, run.state.forbiddenBy);
}

/** Notifies the task's dependents of its end. From here on, its state no longer changes. */
async function tellEnd(run: Run, ended: EndedStatus): Promise<void> {
  run.isOver = true;
  await tellSuccessors(run.successors, ended);
}

/** The state of this run, and the attempt that may have to be withdrawn when the state changes. */
class Run {
  state: TaskState;
  attempt: Attempt | undefined;
  isOver = false;
  /** Dependents to notify of its end, by id. */
  readonly successors = new Map<string, Successor>();

  constructor(state: TaskState) {
    this.state = state;
  }

  /** Moves to `next` and records what has changed. */
  update(next: TaskState): void {
    if (next === this.state || this.isOver) return;
    recordState(this.state, next);
    this.state = next;
    if (next.status === 'SCHEDULED' || next.status === 'PAUSED') this.attempt?.withdraw();
  }
}

function handleMessages(run: Run): void {
  setHandler(commandSignal, (command) => run.update(obey(run.state, command, Date.now())));
  setHandler(attemptBegunSignal, (begun) => run.update(attemptBegun(run.state, begun, Date.now())));
  setHandler(attemptOverSignal, ({ report }) => run.update(attemptInterrupted(run.state, report)));
  setHandler(successorSignal, (successor) => void run.successors.set(successor.id, successor));
  setHandler(predecessorOverSignal, (over) => run.update(predecessorOver(run.state, over, Date.now())));
  setHandler(statusQuery, () => report(run.state));
  setHandler(
    editUpdate,
    (edit) => {
      run.update(applyEdit(run.state, edit, Date.now()));
      return run.state.version;
    },
    {
      validator: (edit) => {
        const refusal = run.isOver ? 'wrong_state' : editRefusal(run.state, edit, Date.now());
        if (refusal !== undefined) throw ApplicationFailure.nonRetryable(refusals[refusal], refusal);
      },
    },
  );
}

/** Records an unsuccessful attempt. @throws the failure that ends the task, if there is no other attempt. */
function heed(run: Run, ended: AttemptEnd): void {
  run.attempt = undefined;
  switch (ended.kind) {
    case 'withdrawn':
      run.update(attemptWithdrawn(run.state));
      return;
    case 'cancelled':
      run.update(attemptCancelled(run.state, ended.report));
      throw new CancelledFailure('Task cancelled');
    case 'failed':
      run.update(attemptFailed(run.state, ended.failed, Date.now(), Math.random()));
      if (run.state.nextAttemptAt === null) throw recordFailure(run.state, ended.error);
  }
}

function outcome(state: TaskState, { result, report: last }: AttemptSuccess): TaskOutcome {
  return {
    result,
    attempt: last.attempt,
    started_at: state.startedAt ?? firstStart(state, last),
    attempts: mergedReports(state.attempts, state.interrupted, [last]),
  };
}

function waitsForTime(state: TaskState): boolean {
  return state.status !== 'RUNNING' && (state.status === 'PAUSED' || timeLeft(state, Date.now()) > 0);
}

/** Waits until the task is due, with a timer that is raced against messages that change the task. */
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

function report(state: TaskState): TaskStatusReport {
  const { nextAttemptAt } = state;
  return {
    spec: state.spec,
    status: state.status,
    version: state.version,
    updated_at: new Date(state.updatedAt).toISOString(),
    started_at: state.startedAt,
    attempt: state.attempt,
    retry_count: state.retryCount,
    next_attempt_at: nextAttemptAt === null ? null : new Date(nextAttemptAt).toISOString(),
    attempts: [...state.attempts, ...state.interrupted],
  };
}
