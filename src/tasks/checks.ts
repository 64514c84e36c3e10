/** What the shapes in src/contract cannot say: the clock, the task type's own schema, how fields fit together. */
import type { TaskTypes } from '../../activities/types/index.ts';
import { AppError, type FieldError } from '../contract/errors.ts';
import type { TaskSpec } from '../contract/workflow.ts';

/** For clocks that differ from ours. */
const pastGraceMs = 2000;
const horizonYears = 10;
const maxPayloadBytes = 256 * 1024;

/** @returns undefined when the request names no time. */
export function scheduledTime(
  request: { scheduled_time?: string | undefined; delay?: number | undefined },
  now: number,
) {
  if (request.delay !== undefined) return new Date(now + request.delay * 1000).toISOString();
  if (request.scheduled_time === undefined) return undefined;
  const at = Date.parse(request.scheduled_time);
  if (at < now - pastGraceMs) throw invalid('/scheduled_time', 'Cannot schedule tasks in the past');
  const horizon = new Date(now);
  horizon.setUTCFullYear(horizon.getUTCFullYear() + horizonYears);
  if (at > horizon.getTime()) {
    throw invalid('/scheduled_time', `Cannot schedule tasks more than ${horizonYears} years ahead`);
  }
  return request.scheduled_time;
}

export function checkPayload(
  taskTypes: TaskTypes,
  typeName: string,
  payload: TaskSpec['payload'],
): TaskSpec['payload'] {
  const type = taskTypes.get(typeName);
  if (!type) {
    const known = taskTypes.list().map(({ name }) => name);
    throw invalid('/type', `There is no such task type. Known: ${known.join(', ')}.`);
  }
  const bytes = Buffer.byteLength(JSON.stringify(payload));
  if (bytes > maxPayloadBytes)
    throw invalid('/payload', `The payload is ${bytes} bytes; at most ${maxPayloadBytes}.`);
  const errors = type.check(payload);
  if (errors.length > 0) throw validation(errors);
  return payload;
}

export function checkLimits(soft: number, hard: number): void {
  if (soft > hard) throw invalid('/soft_time_limit', 'The soft time limit may not exceed the time limit.');
}

export function invalid(pointer: string, message: string): AppError {
  return validation([{ pointer, message }]);
}

function validation(errors: readonly FieldError[]): AppError {
  return new AppError('validation', 'The request does not fit.', { errors });
}
