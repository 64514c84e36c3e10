/**
 * Checks that the schemas in src/contract can't express: the current time, the task type's schema, relations
 * between fields.
 */
import type { TaskTypes } from '../../activities/types/index.ts';
import { invalidField, invalidFields } from '../contract/errors.ts';
import { maxPayloadBytes } from '../contract/limits.ts';
import type { TaskSpec } from '../contract/spec.ts';

/** Tolerance for clocks that differ from ours, in milliseconds. */
const pastGraceMs = 2000;
const horizonYears = 10;

/** Returns the checked scheduled time; undefined if the request names none. */
export function scheduledTime(
  request: { scheduled_time?: string | undefined; delay?: number | undefined },
  now: number,
) {
  const { delay, scheduled_time } = request;
  const text = delay === undefined ? scheduled_time : new Date(now + delay * 1000).toISOString();
  if (text === undefined) return undefined;
  const pointer = delay === undefined ? '/scheduled_time' : '/delay';
  const at = Date.parse(text);
  if (at < now - pastGraceMs) throw invalidField(pointer, 'Cannot schedule tasks in the past');
  const horizon = new Date(now);
  horizon.setUTCFullYear(horizon.getUTCFullYear() + horizonYears);
  if (at > horizon.getTime()) {
    throw invalidField(pointer, `Cannot schedule tasks more than ${horizonYears} years ahead`);
  }
  return text;
}

/** Checks a payload against its type. @returns whether the type declares it quick. */
export async function checkPayload(
  taskTypes: TaskTypes,
  typeName: string,
  payload: TaskSpec['payload'],
): Promise<{ readonly isQuick: boolean }> {
  const type = taskTypes.get(typeName);
  if (!type) {
    const known = taskTypes.list().map(({ name }) => name);
    throw invalidField('/type', `Unknown task type. Known types: ${known.join(', ')}.`);
  }
  const bytes = Buffer.byteLength(JSON.stringify(payload));
  if (bytes > maxPayloadBytes)
    throw invalidField('/payload', `The payload is ${bytes} bytes; the maximum is ${maxPayloadBytes}.`);
  const { errors, isQuick } = await type.check(payload);
  if (errors.length > 0) throw invalidFields(errors);
  return { isQuick };
}

/** Returns whether a type declares a payload quick that it has accepted before. The type may have changed since. */
export async function isQuick(taskTypes: TaskTypes, typeName: string, payload: unknown): Promise<boolean> {
  const type = taskTypes.get(typeName);
  return type?.mayBeQuick === true && (await type.check(payload)).isQuick;
}

/** Checks a time limit that a request has given, in seconds, against the maximum of the service. */
export function checkMaxTimeLimit(hard: number, max: number): void {
  if (hard > max)
    throw invalidField('/time_limit', `The time limit must be at most ${max} s on this service.`);
}

/**
 * Checks the time limits of a task, in seconds.
 * @param given the limit that the request has given; the soft one if it has given both.
 */
export function checkLimits(soft: number, hard: number, given: 'soft_time_limit' | 'time_limit'): void {
  if (soft <= hard) return;
  const message =
    given === 'soft_time_limit'
      ? `The soft time limit of ${soft} s must not exceed the time limit of ${hard} s.`
      : `The time limit of ${hard} s must not be below the soft time limit of ${soft} s. Lower soft_time_limit too.`;
  throw invalidField(`/${given}`, message);
}
