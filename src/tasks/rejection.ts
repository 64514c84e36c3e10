import { AppError, wrongState } from '../contract/errors.ts';
import { endedStatuses, type TaskStatus } from '../contract/status.ts';
import type { LiveExecution } from './execution.ts';
import { summarise } from './summary.ts';

/** What cannot be done with a task, as a participle: "Task has started (RUNNING) and cannot be paused". */
export type Rejected = 'cancelled' | 'paused' | 'resumed' | 'run now' | 'retried' | 'changed';

/** Texts that clients of the previous service read in `error`. They give no reason; `detail` does. */
export const formerMessages: Readonly<Partial<Record<Rejected, string>>> = {
  cancelled: 'Task cannot be cancelled in its current state',
  retried: 'Task cannot be retried',
};

/** Returns the error for a request that the state of a task does not allow. */
export function rejection(execution: LiveExecution, rejected: Rejected): AppError {
  const { status } = summarise(execution, { now: Date.now() });
  const message = `Task ${happened(status, rejected)} (${status}) and cannot be ${rejected}`;
  return new AppError('wrong_state', message, { formerMessage: formerMessages[rejected] });
}

function happened(status: TaskStatus, rejected: Rejected): string {
  if (endedStatuses.has(status)) return 'has ended';
  return rejected === 'retried' ? 'has not ended' : 'has started';
}

/** Returns the error for a task whose input is not one of ours: it was started by another program than Taskbell. */
export function unreadable(): AppError {
  return wrongState('Task was not started by Taskbell, and its input is not that of a task');
}
