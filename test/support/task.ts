import { endedStatuses } from '../../src/contract/status.ts';
import type { Task, TaskSummary } from '../../src/contract/task.ts';
import type { TaskInput } from '../../src/contract/workflow.ts';
import type { Execution, LiveExecution } from '../../src/tasks/execution.ts';

export function hasEnded({ status }: Pick<Task, 'status'>): boolean {
  return endedStatuses.has(status);
}

/** Returns whether the task is running, and neither between two attempts nor being cancelled. */
export function isRunningNow({ status, waiting }: Pick<Task, 'status' | 'waiting'>): boolean {
  return status === 'RUNNING' && waiting === null;
}

export function hasRunningAttempt({ attempts }: Pick<Task, 'attempts'>): boolean {
  return attempts.at(-1)?.outcome === 'running';
}

/** A retry policy without long waits. */
export const quickly = { initial_interval: 0.1, backoff_coefficient: 1 };

const at = '2030-01-01T00:00:00.000Z';

/** Returns a workflow's input for tests that need no workflow: an ordinary task due in 2030, with the given changes. */
export function aTaskInput(changes: Partial<TaskInput> = {}): TaskInput {
  return {
    name: 'a task',
    description: '',
    scheduled_time: at,
    payload: {},
    tags: [],
    priority: 3,
    retry: { max_retries: 3, initial_interval: 60, backoff_coefficient: 2, maximum_interval: 3600 },
    soft_time_limit: 1500,
    time_limit: 1800,
    type: 'echo',
    owner: { id: 'o', name: 'owner' },
    created_at: at,
    version: 1,
    retry_count: 0,
    ...changes,
  };
}

/** Returns a task for tests that need no service: an ordinary scheduled one, with the given changes. */
export function aTask(changes: Partial<TaskSummary> = {}): TaskSummary {
  return {
    id: 'a',
    name: 'a task',
    description: '',
    type: 'echo',
    status: 'SCHEDULED',
    waiting: null,
    progress: null,
    scheduled_time: at,
    tags: [],
    priority: 3,
    retry: { max_retries: 3, initial_interval: 60, backoff_coefficient: 2, maximum_interval: 3600 },
    soft_time_limit: 1,
    time_limit: 2,
    after: [],
    after_policy: 'completed',
    attempt: 0,
    retry_count: 0,
    max_retries: 3,
    result: null,
    error_message: null,
    created_at: at,
    run_created_at: at,
    updated_at: at,
    started_at: null,
    finished_at: null,
    version: 1,
    schedule: null,
    owner: 'alice',
    links: { self: '/api/tasks/a/', events: '/api/tasks/a/events/' },
    ...changes,
  };
}

/** Returns an open run as describe shows it: with nothing in progress, apart from the given changes. */
export function liveExecution(row: Execution, changes: Partial<LiveExecution>): LiveExecution {
  return {
    ...row,
    pending: undefined,
    cancelRequested: false,
    firstRunId: row.runId,
    wasDelayed: false,
    isBehind: false,
    isWorking: false,
    isStuck: false,
    transitions: 1,
    historyLength: 3,
    historyBytes: 0,
    ...changes,
  };
}
