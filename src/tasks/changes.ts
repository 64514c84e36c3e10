import type { TaskTypes } from '../../activities/types/index.ts';
import type { EditTaskInput } from '../contract/task.ts';
import type { TaskInput, TaskSpec } from '../contract/workflow.ts';
import { checkLimits, checkPayload, invalid, scheduledTime } from './checks.ts';

/** What an edit asks for, checked against the task as it is. @throws AppError validation */
export function checkedChanges(
  taskTypes: TaskTypes,
  current: TaskInput,
  request: EditTaskInput,
): Partial<TaskSpec> {
  if (request.type !== undefined && request.type !== current.type) {
    throw invalid('/type', 'The type of a task cannot be changed.');
  }
  assertFollowsTheSame(current, request);
  const { name, description, tags, priority, soft_time_limit, time_limit } = request;
  const retry = request.retry && { ...current.retry, ...dropUndefined(request.retry) };
  checkLimits(soft_time_limit ?? current.soft_time_limit, time_limit ?? current.time_limit);
  const unchangedTime = request.scheduled_time === current.scheduled_time;
  const scheduled_time = unchangedTime ? undefined : scheduledTime(request, Date.now());
  const payload =
    request.payload === undefined ? undefined : checkPayload(taskTypes, current.type, request.payload);
  return dropUndefined({
    name,
    description,
    tags,
    priority,
    retry,
    soft_time_limit,
    time_limit,
    scheduled_time,
    payload,
  });
}

/** A representation may be sent back as it is. */
function assertFollowsTheSame(current: TaskInput, { after, after_policy }: EditTaskInput): void {
  const message = 'What a task follows cannot be changed once it is created.';
  const before = new Set(current.after ?? []);
  const same = after === undefined || (after.length === before.size && after.every((id) => before.has(id)));
  if (!same) throw invalid('/after', message);
  if ((after_policy ?? current.after_policy ?? 'completed') !== (current.after_policy ?? 'completed')) {
    throw invalid('/after_policy', message);
  }
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function dropUndefined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}
