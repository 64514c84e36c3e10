/**
 * Checks of what messages and attempts bring, which people can send and complete by hand in Temporal. They check what
 * the workflow reads; the rest is passed on.
 */
import type { EndedPredecessor } from '../src/contract/predecessors.ts';
import {
  isInstant,
  type AttemptFailure,
  type AttemptInterruption,
  type AttemptReport,
  type AttemptStart,
  type AttemptSuccess,
  type Dependent,
  type TaskCommand,
  type TaskEdit,
  type TaskInput,
  type TaskOutcome,
} from '../src/contract/workflow.ts';

/** Returns whether a value is an object whose fields pass the check. */
function has(value: unknown, check: (fields: Readonly<Record<string, unknown>>) => boolean): boolean {
  return typeof value === 'object' && value !== null && check(value as Readonly<Record<string, unknown>>);
}

export function isTaskInput(value: unknown): value is TaskInput {
  return has(
    value,
    ({ type, owner, version, retry_count }) =>
      isSpec(value) &&
      typeof type === 'string' &&
      has(owner, ({ id }) => typeof id === 'string') &&
      typeof version === 'number' &&
      typeof retry_count === 'number',
  );
}

export function isCommand(value: unknown): value is TaskCommand {
  return has(value, ({ command }) => typeof command === 'string');
}

export function isAttemptStart(value: unknown): value is AttemptStart {
  return has(value, ({ attempt, started_at }) => Number.isSafeInteger(attempt) && isInstant(started_at));
}

export function isInterruption(value: unknown): value is AttemptInterruption {
  return has(value, ({ report }) => isReport(report));
}

export function isDependent(value: unknown): value is Dependent {
  return has(value, ({ id, run_id }) => typeof id === 'string' && typeof run_id === 'string');
}

export function isEndedPredecessor(value: unknown): value is EndedPredecessor {
  return has(
    value,
    ({ id, ended }) =>
      typeof id === 'string' && ['COMPLETED', 'FAILED', 'CANCELLED', 'DELETED'].includes(String(ended)),
  );
}

export function isEdit(value: unknown): value is TaskEdit {
  return has(
    value,
    ({ spec, changed, not_after }) => isSpec(spec) && Array.isArray(changed) && isInstant(not_after),
  );
}

function isSpec(value: unknown): boolean {
  return has(
    value,
    ({ name, tags, scheduled_time, retry }) =>
      typeof name === 'string' &&
      Array.isArray(tags) &&
      isInstant(scheduled_time) &&
      has(retry, ({ max_retries }) => typeof max_retries === 'number'),
  );
}

export function isReport(value: unknown): value is AttemptReport {
  return has(
    value,
    ({ attempt, started_at, outcome }) =>
      Number.isSafeInteger(attempt) && isInstant(started_at) && typeof outcome === 'string',
  );
}

export function isAttemptSuccess(value: unknown): value is AttemptSuccess {
  return has(value, ({ report, result }) => isReport(report) && result !== undefined);
}

/** Returns whether a value is the outcome of a task, as the next run of its schedule gets it. */
export function isTaskOutcome(value: unknown): value is TaskOutcome {
  return has(
    value,
    ({ result, attempts }) => result !== undefined && Array.isArray(attempts) && attempts.every(isReport),
  );
}

export function isAttemptFailure(value: unknown): value is AttemptFailure {
  return has(value, ({ report, retryable }) => isReport(report) && typeof retryable === 'boolean');
}
