/**
 * Reads the records of a run that our own code usually wrote, but need not have: anyone with access to Temporal can
 * start a workflow of our type. A field with a value that we never write counts as missing, so that one such run can't
 * break a list.
 */
import type { Payload } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { afterPolicies } from '../contract/predecessors.ts';
import { inputOfRun } from '../contract/run-id.ts';
import { isInstant, type TaskInput, type TaskMemo } from '../contract/workflow.ts';
import { isUuid } from '../lib/uuid.ts';
import { decode, millis } from '../temporal/payload.ts';

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isListOf =
  (isItem: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(isItem);
/** Returns whether a value is a list of task ids, which are safe in queries. */
const isIds = isListOf((value) => typeof value === 'string' && isUuid(value));
const isFlag: Check = (value) => typeof value === 'boolean';
const isAfterPolicy: Check = (value) => afterPolicies.some((policy) => policy === value);

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isRetryPolicy: Check = (value) =>
  isRecord(value) &&
  ['max_retries', 'initial_interval', 'backoff_coefficient', 'maximum_interval'].every((field) =>
    isNumber(value[field]),
  );

const isSchedule: Check = (value) =>
  isRecord(value) && isText(value['name']) && isText(value['id']) && isUuid(String(value['id']));

const memoFields: Readonly<Record<keyof TaskMemo, Check>> = {
  name: isText,
  description: isText,
  type: isText,
  tags: isListOf(isText),
  priority: isNumber,
  retry: isRetryPolicy,
  soft_time_limit: isNumber,
  time_limit: isNumber,
  created_at: isInstant,
  retry_count: isCount,
  attempt: isCount,
  after: isIds,
  after_policy: isAfterPolicy,
  schedule: isSchedule,
  waits_for: isIds,
  after_met: isFlag,
  fingerprint: isText,
  retry_key: isText,
  retry_fingerprint: isText,
  withdrawing: isFlag,
  edited: isFlag,
  started_at: isInstant,
  error_message: isText,
  next_attempt_at: (value) => value === null || isInstant(value),
};
const memoChecks: ReadonlyMap<string, Check> = new Map(Object.entries(memoFields));

/**
 * Values of the fields that a memo lacks. `listedOf` has those of the spec. The runs of a schedule share one memo, which
 * says when none of them was created.
 */
const missingMemo = (startedAt: number): TaskMemo => ({
  type: '',
  created_at: new Date(startedAt).toISOString(),
  retry_count: 0,
  attempt: 0,
});

/** Returns a run's memo. A field that is missing has the value of `missingMemo`. @param startedAt milliseconds */
export function readMemo(fields: Readonly<Record<string, Payload>>, startedAt: number): TaskMemo {
  const values: [name: string, value: unknown][] = [];
  for (const [name, payload] of Object.entries(fields)) {
    const value = decode<unknown>(payload);
    if (value !== undefined && memoChecks.get(name)?.(value)) values.push([name, value]);
  }
  return { ...missingMemo(startedAt), ...Object.fromEntries(values) };
}

/** Returns what a run was started with, from its first event. @returns undefined if that is not the input of a task. */
export function readInput({
  eventTime,
  workflowExecutionStartedEventAttributes: started,
}: temporal.api.history.v1.IHistoryEvent): TaskInput | undefined {
  const given = decode<unknown>(started?.input?.payloads?.[0]);
  const value = inputOfRun(given, started?.workflowId ?? '', millis(eventTime) ?? 0);
  return isInput(value) ? value : undefined;
}

/** Returns whether a value has what reading a task relies on. Its workflow relies on more, and fails without it. */
function isInput(value: unknown): value is TaskInput {
  return (
    isRecord(value) &&
    isText(value['type']) &&
    isRecord(value['owner']) &&
    isText(value['owner']['id']) &&
    isInstant(value['scheduled_time']) &&
    isNumber(value['version']) &&
    isNumber(value['retry_count']) &&
    isRetryPolicy(value['retry']) &&
    (value['after'] === undefined || isIds(value['after'])) &&
    (value['predecessors_over'] === undefined || isListOf(isRecord)(value['predecessors_over']))
  );
}
