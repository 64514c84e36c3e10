import type { EditTaskInput } from '../contract/task.ts';
import type { TaskInput } from '../contract/workflow.ts';
import { checkLimits, checkMaxTimeLimit, checkPayload, isQuick, scheduledTime } from './checks.ts';
import type { WriteContext } from './context.ts';
import { invalidField } from '../contract/errors.ts';
import { specIn, type TaskSpec } from '../contract/spec.ts';

/** The changes that an edit requests, and whether the payload is then quick. */
export interface CheckedChanges {
  readonly changes: Partial<TaskSpec>;
  readonly isQuick: boolean;
}

/**
 * Returns the changes that an edit requests, checked against the current task.
 * @param now the server's time.
 * @throws AppError validation
 */
export async function checkedChanges(
  { taskTypes, maxTimeLimit }: Pick<WriteContext, 'taskTypes' | 'maxTimeLimit'>,
  current: TaskInput,
  request: EditTaskInput,
  now: number,
): Promise<CheckedChanges> {
  if (request.type !== undefined && request.type !== current.type) {
    throw invalidField('/type', 'The type of a task cannot be changed.');
  }
  assertSamePredecessors(current, request);
  const { soft_time_limit, time_limit } = request;
  const retry = request.retry && { ...current.retry, ...dropUndefined(request.retry) };
  const given = soft_time_limit === undefined ? 'time_limit' : 'soft_time_limit';
  checkLimits(soft_time_limit ?? current.soft_time_limit, time_limit ?? current.time_limit, given);
  if (time_limit !== undefined) checkMaxTimeLimit(time_limit, maxTimeLimit);
  const unchangedTime = request.scheduled_time === current.scheduled_time;
  const scheduled_time = unchangedTime ? undefined : scheduledTime(request, now);
  const quick =
    request.payload === undefined
      ? await isQuick(taskTypes, current.type, current.payload)
      : (await checkPayload(taskTypes, current.type, request.payload)).isQuick;
  return { changes: dropUndefined({ ...specIn(request), retry, scheduled_time }), isQuick: quick };
}

/** Accepts the current predecessors, so that a representation can be sent back unchanged, and rejects any others. */
function assertSamePredecessors(current: TaskInput, { after, after_policy }: EditTaskInput): void {
  const message = 'The predecessors of a task cannot be changed after it is created.';
  const before = new Set(current.after ?? []);
  const same = after === undefined || (after.length === before.size && after.every((id) => before.has(id)));
  if (!same) throw invalidField('/after', message);
  if ((after_policy ?? current.after_policy ?? 'completed') !== (current.after_policy ?? 'completed')) {
    throw invalidField('/after_policy', message);
  }
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function dropUndefined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}
