import type { SearchAttributePair } from '@temporalio/common';
import { AppError } from '../contract/errors.ts';
import { memoOfPredecessors, remainingPredecessors } from '../contract/predecessors.ts';
import { scheduledBy, searchAttributes, type StoredStatus, taskWorkflowType } from '../contract/names.ts';
import { workflowIdOf } from '../contract/run-id.ts';
import { searchableName, searchableTag } from '../contract/searchable.ts';
import { escapeMarkup, truncateBytes } from '../contract/text.ts';
import type { TaskInput, TaskMemo } from '../contract/workflow.ts';
import { timeOfUuid, uuidFrom } from '../lib/uuid.ts';
import { type EndedRun, supersededMark } from './search.ts';
import type { TaskStore } from './store.ts';
import { listedOf } from '../contract/spec.ts';

/** Limits of the server on the summary and details that the Web UI shows of a workflow, in bytes. */
const maxSummaryBytes = 400;
const maxDetailsBytes = 20_000;

/**
 * Time that a worker has for a workflow task, in milliseconds: a task whose workflow task a worker had just taken when
 * it was killed waits as long for another worker. The server's default is 10 s.
 */
const workflowTaskTimeoutMs = 5000;

export interface NewRun {
  readonly id: string;
  readonly input: TaskInput;
  readonly fingerprint?: string;
  /** Marks a retry: a key (random if it came without an Idempotency-Key), and a digest of its changes. */
  readonly retryMark?: { readonly key: string; readonly fingerprint: string };
  /** The ended run that this one replaces, if it is a retry. */
  readonly replaces?: { readonly runId: string; readonly scheduleId: string | undefined } & EndedRun;
}

/** Minimum time until a task is due for which it hibernates, in milliseconds. */
const minHibernationMs = 2000;
/** Time by which a hibernating task may be late, in milliseconds. One that would be later is woken at once. */
const maxLateMs = 1000;

/**
 * Starts a run. If it is not due for a while, and follows no other task, it hibernates: by a start delay, which takes one
 * event and no worker until the run is due or a message wakes it.
 * @param now when the run was asked for, by the server's clock, in milliseconds since the epoch.
 * @returns its run id.
 * @throws WorkflowExecutionAlreadyStartedError when the id is taken.
 */
export async function startRun(store: TaskStore, run: NewRun, now: number): Promise<string> {
  const { id, input } = run;
  const sentAt = store.temporal.clock.now();
  const dueInMs = Date.parse(input.scheduled_time) - sentAt;
  const hibernates = dueInMs >= minHibernationMs && firstStatus(input) === 'SCHEDULED';
  const runId = await start(store, run, now, hibernates ? dueInMs : 0);
  // The delay counts from the start: the call was slow, or our clock is behind the server's. The id of a run has its time.
  const isLate = hibernates && (timeOfUuid(runId) ?? sentAt) - sentAt > maxLateMs;
  if (isLate) await wake(store, id, runId);
  return runId;
}

/** Wakes a task that would be late. */
async function wake(store: TaskStore, id: string, runId: string): Promise<void> {
  try {
    await store.wake(id, runId);
  } catch (error) {
    // Temporal has become unavailable, and the task runs late; or it has been deleted. It was created all the same.
    if (!(error instanceof AppError)) throw error;
  }
}

function start(store: TaskStore, run: NewRun, now: number, startDelayMs: number): Promise<string> {
  const { id, input, replaces } = run;
  return store.temporal.start<[TaskInput]>(taskWorkflowType, {
    workflowId: workflowIdOf(id),
    args: [input],
    memo: { ...memoOf(run) },
    typedSearchAttributes: attributesOf(run, now),
    // The owner is the fairness key of the whole workflow, so that its workflow tasks are dispatched fairly too.
    priority: { priorityKey: input.priority, fairnessKey: input.owner.id },
    staticSummary: truncateBytes(escapeMarkup(`${input.type}: ${input.name}`), maxSummaryBytes),
    staticDetails: truncateBytes(detailsOf(input, startDelayMs > 0), maxDetailsBytes),
    ...(startDelayMs > 0 && { startDelay: startDelayMs }),
    workflowTaskTimeout: workflowTaskTimeoutMs,
    workflowIdConflictPolicy: 'FAIL',
    workflowIdReusePolicy: replaces ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE',
    // Two retries of the same ended run start one run.
    requestId: replaces && requestId(id, replaces.runId),
  });
}

export function memoOf({
  input,
  fingerprint,
  retryMark,
}: Pick<NewRun, 'input' | 'fingerprint' | 'retryMark'>): TaskMemo {
  const { type, created_at, after, after_policy, schedule } = input;
  const waitsFor = remainingPredecessors(input);
  return {
    ...listedOf(input),
    type,
    created_at,
    retry_count: input.retry_count,
    attempt: 0,
    ...(after?.length ? { after } : {}),
    ...(waitsFor.length < (after?.length ?? 0) ? memoOfPredecessors(waitsFor) : {}),
    ...(after_policy === 'any' ? { after_policy } : {}),
    ...(schedule && { schedule: { id: schedule.id, name: schedule.name } }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(retryMark && { retry_key: retryMark.key, retry_fingerprint: retryMark.fingerprint }),
  };
}

export function attributesOf(
  { input, replaces }: Pick<NewRun, 'input' | 'replaces'>,
  now: number,
): SearchAttributePair[] {
  const pairs: SearchAttributePair[] = [
    { key: searchAttributes.owner, value: input.owner.id },
    { key: searchAttributes.status, value: firstStatus(input) },
    { key: searchAttributes.type, value: input.type },
    { key: searchAttributes.name, value: searchableName(input.name) },
    { key: searchAttributes.scheduledAt, value: new Date(input.scheduled_time) },
    { key: searchAttributes.createdAt, value: new Date(input.created_at) },
    { key: searchAttributes.updatedAt, value: new Date(now) },
    { key: searchAttributes.version, value: input.version },
  ];
  if (input.tags.length > 0) pairs.push({ key: searchAttributes.tags, value: input.tags.map(searchableTag) });
  if (replaces) pairs.push({ key: searchAttributes.supersedes, value: supersededMark(replaces) });
  if (replaces?.scheduleId !== undefined) pairs.push({ key: scheduledBy, value: replaces.scheduleId });
  return pairs;
}

/** Returns the status that the workflow starts with. */
export function firstStatus(input: TaskInput): StoredStatus {
  return remainingPredecessors(input).length > 0 ? 'AFTER' : 'SCHEDULED';
}

/**
 * Returns what the Temporal Web UI shows of a run for good. What changes is in the details that the workflow sets, which
 * has not run yet if the run hibernates.
 */
function detailsOf({ description, scheduled_time }: TaskInput, hibernates: boolean): string {
  if (!hibernates) return escapeMarkup(description);
  const story = `Created to hibernate until ${scheduled_time}: without a workflow task until then, unless it is changed before.`;
  return description === '' ? story : `${story}\n\n${escapeMarkup(description)}`;
}

function requestId(id: string, endedRunId: string): string {
  return uuidFrom(`retry\0${id}\0${endedRunId}`);
}
