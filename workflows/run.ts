/** One run of a task: its state, its dependents, and the messages that change both. */
import { ApplicationFailure, setHandler } from '@temporalio/workflow';
import type { EditRejection, Dependent, TaskStatusReport } from '../src/contract/workflow.ts';
import type { StartedAttempt } from './attempt.ts';
import {
  attemptStartedSignal,
  attemptInterruptedSignal,
  commandSignal,
  dependentSignal,
  editUpdate,
  predecessorEndedSignal,
  statusQuery,
} from './messages.ts';
import { recordState } from './record.ts';
import {
  applyCommand,
  applyEdit,
  attemptStarted,
  attemptInterrupted,
  editRejection,
  predecessorEnded,
  type TaskState,
} from './state.ts';

/** The state of this run, and the attempt that may have to be withdrawn when the state changes. */
export class Run {
  state: TaskState;
  attempt: StartedAttempt | undefined;
  /** Set when the run ends: its state no longer changes. */
  hasEnded = false;
  /** Dependents to notify of its end, by id. */
  readonly dependents = new Map<string, Dependent>();

  constructor(state: TaskState) {
    this.state = state;
  }

  /** Moves to `next` and records what has changed. */
  update(next: TaskState): void {
    if (next === this.state || this.hasEnded) return;
    recordState(this.state, next);
    this.state = next;
    if (next.status === 'SCHEDULED' || next.status === 'PAUSED') this.attempt?.withdraw();
  }
}

const rejections: Record<EditRejection, string> = {
  wrong_state: 'The task has started',
  stale_version: 'The task has changed in the meantime',
  expired: 'The edit expired before it could be applied',
};

/** Registers the handlers of all messages to a run. Called before the workflow's first wait. */
export function handleMessages(run: Run): void {
  setHandler(commandSignal, (command) => run.update(applyCommand(run.state, command, Date.now())));
  setHandler(attemptStartedSignal, (start) => run.update(attemptStarted(run.state, start, Date.now())));
  setHandler(attemptInterruptedSignal, ({ report }) => run.update(attemptInterrupted(run.state, report)));
  setHandler(dependentSignal, (dependent) => void run.dependents.set(dependent.id, dependent));
  setHandler(predecessorEndedSignal, (predecessor) =>
    run.update(predecessorEnded(run.state, predecessor, Date.now())),
  );
  setHandler(statusQuery, () => report(run.state));
  setHandler(
    editUpdate,
    (edit) => {
      run.update(applyEdit(run.state, edit, Date.now()));
      return run.state.version;
    },
    {
      validator: (edit) => {
        const rejection = run.hasEnded ? 'wrong_state' : editRejection(run.state, edit, Date.now());
        if (rejection !== undefined) throw ApplicationFailure.nonRetryable(rejections[rejection], rejection);
      },
    },
  );
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
