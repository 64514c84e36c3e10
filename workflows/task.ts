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
import type { EndedPredecessor } from '../src/contract/predecessors.ts';
import type { EndedStatus } from '../src/contract/status.ts';
import type {
  AttemptSuccess,
  EditRefusal,
  Dependent,
  TaskInput,
  TaskOutcome,
  TaskStatusReport,
} from '../src/contract/workflow.ts';
import { startAttempt, type StartedAttempt, type AttemptOutcome } from './attempt.ts';
import { subscribeToPredecessors, notifyDependents } from './dependencies.ts';
import {
  attemptBegunSignal,
  attemptInterruptedSignal,
  commandSignal,
  editUpdate,
  predecessorEndedSignal,
  statusQuery,
  dependentSignal,
} from './messages.ts';
import { taskFailure, predecessorFailure, recordState, describeState } from './record.ts';
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
  applyCommand,
  predecessorEnded,
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
  describeState(run.state);
  try {
    // A cancellation before the first workflow task doesn't keep the code from starting.
    throwIfCancelled();
    // The SDK takes a stack trace for each promise, so create none if there is nothing to wait for.
    if (run.state.waitsFor.length > 0) await waitForPredecessors(run);
    for (;;) {
      while (waitsForTime(run.state)) await untilDueOrChanged(run);
      run.update(becomeDue(run.state, Date.now()));
      run.update(endBackoff(run.state));
      run.attempt = startAttempt(input, run.state);
      let success: AttemptSuccess | undefined;
      try {
        success = await run.attempt.success;
      } catch (error) {
        applyAttemptEnd(run, run.attempt.endAfter(error));
      }
      if (success) {
        if (run.dependents.size > 0) await notifyEnd(run, 'COMPLETED');
        return outcome(run.state, success);
      }
      while (waitsForRetry(run.state)) await untilNextAttempt(run);
    }
  } catch (error) {
    const isCancelled = isCancellation(error) || CancellationScope.current().consideredCancelled;
    // Anything but Temporal's own failures is a bug of ours, which doesn't end the task.
    const isEnd = isCancelled || error instanceof TemporalFailure;
    if (isEnd && run.dependents.size > 0) await notifyEnd(run, isCancelled ? 'CANCELLED' : 'FAILED');
    throw isCancelled && !isCancellation(error) ? new CancelledFailure('Task cancelled') : error;
  }
}

/**
 * Waits until every predecessor has ended. A pause takes effect after that.
 * @throws the task's failure if a predecessor's end rules it out.
 */
async function waitForPredecessors(run: Run): Promise<void> {
  const isDecided = (): boolean => run.state.ruledOutBy !== null || run.state.waitsFor.length === 0;
  if (!isDecided()) {
    const onOver = (over: EndedPredecessor): void =>
      run.update(predecessorEnded(run.state, over, Date.now()));
    const following = subscribeToPredecessors(run.state.waitsFor, onOver).then(() => condition(isDecided));
    // One bad end decides, even if the other predecessors have not been asked yet.
    await Promise.race([following, condition(isDecided)]);
  }
  if (run.state.ruledOutBy) throw predecessorFailure(run.state, run.state.ruledOutBy);
}

/** Notifies the task's dependents of its end. From here on, its state no longer changes. */
async function notifyEnd(run: Run, ended: EndedStatus): Promise<void> {
  run.isOver = true;
  await notifyDependents(run.dependents, ended);
}

/** The state of this run, and the attempt that may have to be withdrawn when the state changes. */
class Run {
  state: TaskState;
  attempt: StartedAttempt | undefined;
  isOver = false;
  /** Dependents to notify of its end, by id. */
  readonly dependents = new Map<string, Dependent>();

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
  setHandler(commandSignal, (command) => run.update(applyCommand(run.state, command, Date.now())));
  setHandler(attemptBegunSignal, (begun) => run.update(attemptBegun(run.state, begun, Date.now())));
  setHandler(attemptInterruptedSignal, ({ report }) => run.update(attemptInterrupted(run.state, report)));
  setHandler(dependentSignal, (dependent) => void run.dependents.set(dependent.id, dependent));
  setHandler(predecessorEndedSignal, (over) => run.update(predecessorEnded(run.state, over, Date.now())));
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
function applyAttemptEnd(run: Run, ended: AttemptOutcome): void {
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
      if (run.state.nextAttemptAt === null) throw taskFailure(run.state, ended.error);
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
