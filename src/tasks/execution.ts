import proto, { type temporal } from '@temporalio/proto';
import {
  isGuestIdentity,
  scheduledBy,
  searchAttributes,
  type StoredStatus,
  storedStatuses,
  taskWorkflowType,
  workerOf,
} from '../contract/names.ts';
import type { AttemptHeartbeat, TaskInput, TaskMemo } from '../contract/workflow.ts';
import { nominalTimeOf, taskIdOf } from '../contract/run-id.ts';
import { isUuid } from '../lib/uuid.ts';
import { decode, millis } from '../temporal/payload.ts';
import { readMemo } from './records.ts';

type ExecutionInfo = temporal.api.workflow.v1.IWorkflowExecutionInfo;
type PendingActivity = temporal.api.workflow.v1.IPendingActivityInfo;
type Describe = temporal.api.workflowservice.v1.IDescribeWorkflowExecutionResponse;

const { PendingActivityState, PendingWorkflowTaskState, WorkflowExecutionStatus } =
  proto.temporal.api.enums.v1;
const { PENDING_WORKFLOW_TASK_STATE_STARTED } = PendingWorkflowTaskState;

/** Statuses by Temporal's names for them, which its counts use as well. */
const statusNames: Readonly<Record<string, Execution['status']>> = {
  Running: 'open',
  Completed: 'completed',
  Failed: 'failed',
  Canceled: 'cancelled',
  Terminated: 'terminated',
  TimedOut: 'timed_out',
};

const statuses: Readonly<
  Partial<Record<temporal.api.enums.v1.WorkflowExecutionStatus, Execution['status']>>
> = {
  [WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING]: 'open',
  [WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED]: 'completed',
  [WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED]: 'failed',
  [WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED]: 'cancelled',
  [WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED]: 'terminated',
  [WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TIMED_OUT]: 'timed_out',
};

/** One run of a task, as both describe and the visibility list return it. Instants in milliseconds. */
export interface Execution {
  readonly id: string;
  readonly runId: string;
  readonly status: 'open' | 'completed' | 'failed' | 'cancelled' | 'terminated' | 'timed_out';
  readonly startedAt: number;
  readonly closedAt: number | undefined;
  /** Whether a retry started it. */
  readonly isRetry: boolean;
  readonly owner: string;
  readonly storedStatus: StoredStatus;
  readonly tags: readonly string[];
  readonly scheduledAt: number;
  readonly updatedAt: number;
  readonly version: number;
  readonly memo: TaskMemo;
  /** Id of the schedule that started it, or an earlier run of the task. */
  readonly scheduleId: string | undefined;
}

/** The pending attempt on the server: waiting for a worker, running, or between two of the server's own tries. */
export interface PendingAttempt {
  readonly activityId: string;
  readonly started: boolean;
  readonly running: boolean;
  readonly cancelRequested: boolean;
  /** Whether someone has paused the activity in Temporal. Resuming the task does not end that. */
  readonly paused: boolean;
  /** Number of attempts of this activity so far, including the current or next one; starts at 1. */
  readonly attempt: number;
  readonly worker: string;
  readonly startedAt: number | undefined;
  readonly nextAt: number | undefined;
  readonly heartbeat: AttemptHeartbeat | undefined;
}

/**
 * Number of tries of a workflow task from which on its run is stuck. The loss of a worker takes one more try, a second
 * loss another.
 */
const stuckAfter = 4;

export interface LiveExecution extends Execution {
  readonly pending: PendingAttempt | undefined;
  readonly cancelRequested: boolean;
  /** Id of the run itself, or of the run that a reset in Temporal made it of. */
  readonly firstRunId: string;
  /** Whether the run was started with a delay, which a message may have ended since. */
  readonly wasDelayed: boolean;
  /** Whether the workflow has not processed all that it has received: no worker has taken a command yet, for example. */
  readonly isBehind: boolean;
  /** Whether a worker has its workflow task now, and perhaps an attempt on the quick lane with it. */
  readonly isWorking: boolean;
  /** Whether the workflow's code has failed again and again: a worker of another version, or a bug of ours, stops it. */
  readonly isStuck: boolean;
  /** Grows with every heartbeat and attempt, while the length of the history stays the same. */
  readonly transitions: number;
  /** Grows with every command and edit, up to a limit of the server. */
  readonly historyLength: number;
  readonly historyBytes: number;
}

/**
 * @returns undefined for a workflow that is not one of our tasks. One whose id is not that of a task was started by others,
 * such as a foreign Temporal Schedule: nothing in the API can name it.
 */
export function readExecution(info: ExecutionInfo | null | undefined): Execution | undefined {
  const owner = attribute(info, searchAttributes.owner.name);
  const status = statuses[info?.status ?? WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED];
  if (!info || info.type?.name !== taskWorkflowType || typeof owner !== 'string' || !status) return undefined;
  const id = taskIdOf(info.execution?.workflowId ?? '');
  if (!isUuid(id)) return undefined;
  const startedAt = millis(info.startTime) ?? 0;
  const tags = attribute(info, searchAttributes.tags.name);
  const scheduleId = attribute(info, scheduledBy.name);
  // The run of a schedule writes it once a worker has it. Until then, it shows a status that it has not recorded itself.
  const scheduledAt = instantAttribute(info, searchAttributes.scheduledAt.name);
  return {
    id,
    runId: info.execution?.runId ?? '',
    status,
    startedAt,
    closedAt: millis(info.closeTime),
    isRetry: attribute(info, searchAttributes.supersedes.name) !== undefined,
    owner,
    storedStatus:
      scheduledAt === undefined ? 'SCHEDULED' : storedStatus(attribute(info, searchAttributes.status.name)),
    tags: Array.isArray(tags) ? tags.map(String) : typeof tags === 'string' ? [tags] : [],
    scheduledAt: scheduledAt ?? nominalTimeOf(id) ?? startedAt,
    updatedAt: instantAttribute(info, searchAttributes.updatedAt.name) ?? startedAt,
    version: Number(attribute(info, searchAttributes.version.name) ?? 1),
    memo: readMemo(info.memo?.fields ?? {}, startedAt),
    scheduleId: typeof scheduleId === 'string' ? scheduleId : undefined,
  };
}

export function readLiveExecution(response: Describe): LiveExecution | undefined {
  const info = response.workflowExecutionInfo;
  const execution = readExecution(info);
  if (!execution) return undefined;
  return {
    ...execution,
    pending: readPending(response.pendingActivities?.[0], execution.memo.attempt),
    cancelRequested: response.workflowExtendedInfo?.cancelRequested ?? false,
    firstRunId: info?.firstRunId ?? execution.runId,
    wasDelayed: (millis(info?.executionTime) ?? 0) > execution.startedAt,
    isBehind: Boolean(response.pendingWorkflowTask),
    isWorking: response.pendingWorkflowTask?.state === PENDING_WORKFLOW_TASK_STATE_STARTED,
    isStuck: (response.pendingWorkflowTask?.attempt ?? 0) >= stuckAfter,
    transitions: Number(info?.stateTransitionCount ?? 0),
    historyLength: Number(info?.historyLength ?? 0),
    historyBytes: Number(info?.historySizeBytes ?? 0),
  };
}

/** @param before number of the run's attempts before this activity. */
function readPending(activity: PendingActivity | undefined, before: number): PendingAttempt | undefined {
  if (!activity) return undefined;
  const heartbeat = decode<AttemptHeartbeat>(activity.heartbeatDetails?.payloads?.[0]);
  const attempt = (activity.attempt ?? 1) - (heartbeat?.deferred ?? 0);
  const isDispatched = activity.state !== PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED;
  const worker = activity.lastWorkerIdentity ?? '';
  const running = isDispatched && isReallyRunning(before + attempt, { attempt, worker, heartbeat });
  return {
    activityId: activity.activityId ?? '',
    started: running || attempt > 1,
    running,
    cancelRequested: activity.state === PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED,
    paused: activity.paused ?? false,
    attempt,
    worker: workerOf(worker),
    startedAt: running ? millis(activity.lastStartedTime) : undefined,
    nextAt: running ? undefined : millis(activity.nextAttemptScheduleTime),
    heartbeat,
  };
}

/**
 * Returns whether a try that the server has dispatched is really running: a worker may hand it back immediately. Tries
 * after the first, and all in a guest slot, confirm their start with a heartbeat, except on workers without the handler
 * pool (before 744c3a6), whose heartbeats lack `reported`.
 */
function isReallyRunning(
  number: number,
  { attempt, worker, heartbeat }: Pick<PendingAttempt, 'attempt' | 'worker' | 'heartbeat'>,
): boolean {
  const isConfirmed = heartbeat?.current?.attempt === number;
  if (isGuestIdentity(worker)) return isConfirmed;
  const isFirst = attempt === 1 && !heartbeat?.deferred;
  return isFirst || heartbeat?.reported === undefined || isConfirmed;
}

/** @returns undefined for a status that a task cannot have. */
export function executionStatus(name: unknown): Execution['status'] | undefined {
  return statusNames[String(name)];
}

/** Decodes a payload that our own worker wrote: its shape is the contract's. */
function attribute(info: ExecutionInfo | null | undefined, name: string): unknown {
  const value = decode<unknown>(info?.searchAttributes?.indexedFields?.[name]);
  // Some stores return a single value as a list of one.
  return Array.isArray(value) && value.length === 1 ? value[0] : value;
}

function instantAttribute(info: ExecutionInfo, name: string): number | undefined {
  const value = attribute(info, name);
  return typeof value === 'string' ? Date.parse(value) : undefined;
}

function storedStatus(value: unknown): StoredStatus {
  return isStoredStatus(value) ? value : 'SCHEDULED';
}

function isStoredStatus(value: unknown): value is StoredStatus {
  return storedStatuses.some((status) => status === value);
}

/**
 * Returns the execution of a run that has just been started, at `now`: the server cannot know more about it
 * yet.
 */
export function firstExecution(
  run: Pick<Execution, 'id' | 'runId' | 'memo' | 'storedStatus'> & { readonly input: TaskInput },
  now: number,
): LiveExecution {
  const { input, ...known } = run;
  return {
    ...known,
    status: 'open',
    startedAt: now,
    isRetry: false,
    scheduleId: undefined,
    closedAt: undefined,
    owner: input.owner.id,
    tags: input.tags,
    scheduledAt: Date.parse(input.scheduled_time),
    updatedAt: now,
    version: input.version,
    pending: undefined,
    cancelRequested: false,
    firstRunId: known.runId,
    wasDelayed: false,
    isBehind: true,
    isWorking: false,
    isStuck: false,
    transitions: 0,
    historyLength: 0,
    historyBytes: 0,
  };
}
