/** What a worker measures of tasks and attempts, in whichever lane they run. */
import { type EndedStatus, ends } from '../src/contract/status.ts';
import type { AttemptReport } from '../src/contract/workflow.ts';
import { attemptOutcomes } from '../src/metrics/catalogue.ts';
import type { Telemetry } from '../src/metrics/telemetry.ts';

export interface TaskMeasures {
  /** Measures how late the first attempt of a run starts. Instants in milliseconds. */
  firstAttemptStarted(type: string, dueAt: number, startedAt: number): void;
  /** Measures an attempt that has ended, or was found to be lost. */
  attemptEnded(type: string, report: AttemptReport): void;
  /** Counts a failed attempt that the retry policy follows with another, or would have, had it retries left. */
  attemptFailed(type: string, next: 'retry' | 'exhausted'): void;
  taskEnded(type: string, status: EndedStatus): void;
}

/** Maximum number of task types that metrics distinguish: each has dozens of series. */
const maxTypes = 50;
/** Label of all other types. */
const otherType = 'other';

const limits = new Map<string | undefined, 'soft' | 'hard'>([
  ['SoftTimeLimitExceeded', 'soft'],
  ['TimeLimitExceeded', 'hard'],
]);

/** @param types names of the task types that the worker knows. */
export function createMeasures(telemetry: Telemetry, types: Iterable<string>): TaskMeasures {
  const known = new Set([...types].slice(0, maxTypes));
  const labelOf = (type: string): string => (known.has(type) ? type : otherType);
  for (const type of [...known, otherType]) startAtZero(telemetry, type);
  return {
    firstAttemptStarted(type, dueAt, startedAt) {
      const lateMs = startedAt - dueAt;
      if (lateMs < 0) telemetry.count('taskbell_clock_skew_total', {});
      telemetry.observe('taskbell_task_lateness_seconds', Math.max(0, lateMs) / 1000, {
        type: labelOf(type),
      });
    },
    attemptEnded(type, { outcome, error, started_at, finished_at }) {
      const labels = { type: labelOf(type), outcome };
      const ms = Date.parse(finished_at) - Date.parse(started_at);
      telemetry.count('taskbell_attempts_total', labels);
      telemetry.observe('taskbell_attempt_duration_seconds', Math.max(0, ms) / 1000, labels);
      const limit = outcome === 'failed' ? limits.get(error?.type) : undefined;
      if (limit) telemetry.count('taskbell_task_timeouts_total', { limit });
    },
    attemptFailed(type, next) {
      const name = next === 'retry' ? 'taskbell_task_retries_total' : 'taskbell_task_retries_exhausted_total';
      telemetry.count(name, { type: labelOf(type) });
    },
    taskEnded: (type, status) =>
      telemetry.count('taskbell_tasks_ended_total', { type: labelOf(type), status }),
  };
}

/** Makes the counters of a type appear: Prometheus does not see the first increment of one that was not there before. */
function startAtZero(telemetry: Telemetry, type: string): void {
  telemetry.count('taskbell_task_retries_total', { type }, 0);
  telemetry.count('taskbell_task_retries_exhausted_total', { type }, 0);
  for (const status of ends) telemetry.count('taskbell_tasks_ended_total', { type, status }, 0);
  for (const outcome of attemptOutcomes) telemetry.count('taskbell_attempts_total', { type, outcome }, 0);
}
