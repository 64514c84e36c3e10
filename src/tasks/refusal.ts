import { AppError } from '../contract/errors.ts';
import { endedStatuses, type TaskStatus } from '../contract/status.ts';
import type { LiveExecution } from './execution.ts';
import { summarise } from './snapshot.ts';

/** What cannot be done with a task, as a participle: "Task has started (RUNNING) and cannot be paused". */
export type Refused = 'cancelled' | 'paused' | 'resumed' | 'run now' | 'retried' | 'changed';

/** Texts that clients of the previous service read in `error`. They give no reason; `detail` does. */
const formerMessages: Readonly<Partial<Record<Refused, string>>> = {
  cancelled: 'Task cannot be cancelled in its current state',
  retried: 'Task cannot be retried',
};

/** Returns the error for a request that the state of a task does not allow. */
export function refusal(execution: LiveExecution, refused: Refused): AppError {
  const { status } = summarise(execution, { now: Date.now() });
  const formerMessage = formerMessages[refused];
  return new AppError(
    'wrong_state',
    `Task ${happened(status, refused)} (${status}) and cannot be ${refused}`,
    {
      ...(formerMessage !== undefined && { formerMessage }),
    },
  );
}

function happened(status: TaskStatus, refused: Refused): string {
  if (endedStatuses.has(status)) return 'has ended';
  return refused === 'retried' ? 'has not ended' : 'has started';
}
