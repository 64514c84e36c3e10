/** One run of a task: its state, its dependents, and the messages that change both. */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  patched,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  EditRejection,
  Dependent,
  TaskCommand,
  TaskEdit,
  TaskStatusReport,
} from '../src/contract/workflow.ts';
import type { StartedAttempt } from './attempt.ts';
import {
  attemptStartedSignal,
  attemptInterruptedSignal,
  commandSignal,
  dependentSignal,
  editUpdate,
  predecessorEndedSignal,
  statusQuery,
  wakeSignal,
} from './messages.ts';
import { recordState, recordWithdrawing } from './record.ts';
import {
  isAttemptStart,
  isCommand,
  isDependent,
  isEdit,
  isEndedPredecessor,
  isInterruption,
} from './message-shapes.ts';
import {
  applyCommand,
  applyEdit,
  attemptStarted,
  attemptInterrupted,
  editRejection,
  predecessorEnded,
  type TaskState,
} from './state.ts';

/** A change that waits until an attempt, which may or may not have started, is withdrawn. */
interface WaitingChange {
  /** Returns the state with the change, or why it must be rejected. */
  readonly apply: (state: TaskState) => TaskState | EditRejection;
  /** Undefined until it is decided. */
  decision?: 'made' | EditRejection;
}

/** The state of this run, and the attempt that may have to be withdrawn when the state changes. */
export class Run {
  state: TaskState;
  attempt: StartedAttempt | undefined;
  /** Set when the run ends: its state no longer changes. */
  hasEnded = false;
  /** Dependents to notify of its end, by id. */
  readonly dependents = new Map<string, Dependent>();
  /** Changes to make once the attempt is withdrawn, oldest first. */
  #waiting: WaitingChange[] = [];

  constructor(state: TaskState) {
    this.state = state;
  }

  /** Moves to `next` and records what has changed. */
  update(next: TaskState): void {
    if (next === this.state || this.hasEnded) return;
    recordState(this.state, next);
    this.state = next;
    if (next.status === 'RUNNING') this.rejectWaiting();
    // Only runs from before `withdraw-first` get here with an attempt.
    if (next.status === 'SCHEDULED' || next.status === 'PAUSED') this.attempt?.withdraw();
  }

  async command(command: TaskCommand): Promise<void> {
    await this.#change((state) => applyCommand(state, command, Date.now()));
  }

  /** @returns the version with the edit. @throws ApplicationFailure if it is rejected. */
  async edit(edit: TaskEdit): Promise<number> {
    const decision = await this.#change((state) => {
      const now = Date.now();
      return editRejection(state, edit, now) ?? applyEdit(state, edit, now);
    });
    if (decision !== 'made') throw rejected(decision);
    return this.state.version;
  }

  /**
   * Makes a change that is allowed only as long as no attempt has started. If one is scheduled, it is withdrawn first:
   * only the server knows whether a worker has taken it, and then the change is rejected. @returns the decision.
   */
  async #change(apply: WaitingChange['apply']): Promise<'made' | EditRejection> {
    if (this.hasEnded) return 'wrong_state';
    if (this.#waiting.length === 0) {
      const next = apply(this.state);
      if (typeof next === 'string' || next === this.state) return this.#make(next);
      if (!this.attempt || !this.#mustWithdraw(this.attempt)) return this.#make(next);
      recordWithdrawing(true);
      this.attempt.withdrawUnlessStarted();
    }
    const change: WaitingChange = { apply };
    this.#waiting.push(change);
    // A cancellation of the task ends its attempt first, which decides about the change too.
    await CancellationScope.nonCancellable(() => condition(() => change.decision !== undefined));
    return change.decision ?? 'wrong_state';
  }

  /** Returns whether a change must wait for the end of an attempt, which may have started. */
  #mustWithdraw({ lane }: StartedAttempt): boolean {
    return lane === 'quick' || (this.state.status === 'PENDING' && patched('withdraw-first'));
  }

  /** Makes the changes that wait: the attempt was withdrawn before it started. */
  makeWaiting(): void {
    for (const change of this.#takeWaiting()) change.decision = this.#make(change.apply(this.state));
  }

  /** Rejects the changes that wait: the attempt has started, or the run has ended. */
  rejectWaiting(): void {
    for (const change of this.#takeWaiting()) change.decision = 'wrong_state';
  }

  #takeWaiting(): WaitingChange[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length > 0 && !this.hasEnded) recordWithdrawing(false);
    return waiting;
  }

  #make(next: TaskState | EditRejection): 'made' | EditRejection {
    if (typeof next === 'string') return next;
    this.update(next);
    return 'made';
  }
}

const rejections: Record<EditRejection, string> = {
  wrong_state: 'The task has started',
  stale_version: 'The task has changed in the meantime',
  expired: 'The edit expired before it could be applied',
};

/**
 * Registers the handlers of all messages to a run. Called before the workflow's first wait. Anyone with access to
 * Temporal can send a message: one of another shape is ignored, since an error here would stop the task for good.
 */
export function handleMessages(run: Run): void {
  setHandler(commandSignal, (command) =>
    isCommand(command) && isForThisRun(command) ? run.command(command) : undefined,
  );
  // It has done its work once this code runs.
  setHandler(wakeSignal, () => undefined);
  setHandler(attemptStartedSignal, (start) => {
    if (isAttemptStart(start)) run.update(attemptStarted(run.state, start, Date.now()));
  });
  setHandler(attemptInterruptedSignal, (interruption) => {
    if (isInterruption(interruption)) run.update(attemptInterrupted(run.state, interruption.report));
  });
  setHandler(dependentSignal, (dependent) => {
    if (isDependent(dependent)) run.dependents.set(dependent.id, dependent);
  });
  setHandler(predecessorEndedSignal, (predecessor) => {
    if (isEndedPredecessor(predecessor)) run.update(predecessorEnded(run.state, predecessor, Date.now()));
  });
  setHandler(statusQuery, () => report(run.state));
  setHandler(editUpdate, (edit) => run.edit(edit), {
    validator: (edit) => {
      if (!isEdit(edit))
        throw ApplicationFailure.nonRetryable('This is not an edit of a task', 'not_an_edit');
      const rejection = run.hasEnded ? 'wrong_state' : editRejection(run.state, edit, Date.now());
      if (rejection !== undefined) throw rejected(rejection);
    },
  });
}

/** Returns whether a command is for this run. A reset in Temporal keeps the id of the first run, a retry does not. */
function isForThisRun({ first_run_id }: TaskCommand): boolean {
  return first_run_id === undefined || first_run_id === workflowInfo().firstExecutionRunId;
}

function rejected(rejection: EditRejection): ApplicationFailure {
  return ApplicationFailure.nonRetryable(rejections[rejection], rejection);
}

function report(state: TaskState): TaskStatusReport {
  const { nextAttemptAt } = state;
  return {
    spec: state.spec,
    status: state.status,
    version: state.version,
    updated_at: new Date(state.updatedAt).toISOString(),
    started_at: state.started_at,
    attempt: state.attempt,
    retry_count: state.retryCount,
    next_attempt_at: nextAttemptAt === null ? null : new Date(nextAttemptAt).toISOString(),
    attempts: [...state.attempts, ...state.interrupted],
  };
}
