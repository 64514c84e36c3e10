/**
 * One attempt at a task, as a Temporal activity. It
 * - refuses what no attempt can mend (an unknown type, a payload that does not fit, a task that loses its workers),
 * - runs the handler under its time limits, with heartbeats that carry progress and checkpoint,
 * - and says in its failure whether the task's own retry policy may try again.
 */
import { Context, CancelledFailure } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type {
  AttemptBegun,
  AttemptFailure,
  AttemptHeartbeat,
  AttemptInput,
  AttemptSuccess,
} from '../src/contract/workflow.ts';
import { AttemptRecord } from './attempt-record.ts';
import { describeFailure, WorkerShutdown } from './failures.ts';
import { runHandler } from './run-handler.ts';
import { TaskFailure } from './types/define.ts';
import type { TaskTypes } from './types/index.ts';

export interface ProcessTaskDependencies {
  readonly taskTypes: TaskTypes;
  /** The worker's identity, as the task's owner sees it with each attempt. */
  readonly worker: string;
  /** Tells the task's workflow that an attempt runs, once it has lived for a second. */
  readonly announce: (workflow: { workflowId: string; runId: string }, begun: AttemptBegun) => Promise<void>;
}

/** Also how soon a cancellation reaches the handler: the server answers heartbeats with it. */
const heartbeatIntervalMs = 800;
const announceAfterMs = 1000;
/** A task whose attempts end with the loss of their worker this often is taken to be the cause. */
const maxLostAttempts = 5;

export function createProcessTask({ taskTypes, announce, worker }: ProcessTaskDependencies) {
  return async function processTask(input: AttemptInput): Promise<AttemptSuccess> {
    const activity = Context.current();
    const { info } = activity;
    const workflow = info.workflowExecution;
    if (!workflow) throw new TypeError('processTask belongs to a workflow: it attempts a task');
    const last: AttemptHeartbeat | undefined = info.heartbeatDetails;
    const handedBack = last?.handed_back ?? 0;
    const attempt = input.prior_attempts + info.attempt;
    const start = {
      attempt,
      startedAt: new Date(),
      worker,
      checkpoint: last?.checkpoint ?? input.checkpoint,
      handedBack,
    };
    const record = new AttemptRecord(start, () => activity.heartbeat(record.heartbeat()));
    try {
      if (info.attempt - 1 - handedBack >= maxLostAttempts) throw lostTooOften();
      const type = taskTypes.get(input.type);
      if (!type) throw unknownType(input.type);
      const stop = keepTelling(activity, record, () =>
        announce(workflow, { attempt, started_at: start.startedAt.toISOString() }),
      );
      try {
        const result = await runHandler({ type, input, record, activity, attempt, workflow });
        return { result, report: record.report('completed', null) };
      } finally {
        stop();
      }
    } catch (error) {
      throw asActivityFailure(error, activity, record, handedBack);
    }
  };
}

/** Heartbeats while the attempt lasts, and the announcement once it has lasted long enough to be worth it. */
function keepTelling(activity: Context, record: AttemptRecord, announce: () => Promise<void>): () => void {
  // A handler that never ends must not keep a process alive that has given up on it.
  const heartbeats = setInterval(() => activity.heartbeat(record.heartbeat()), heartbeatIntervalMs).unref();
  const announcement = setTimeout(() => {
    announce().catch((error: unknown) => {
      // Lists show PENDING until the attempt ends; whoever reads the one task sees the truth all the same.
      activity.log.warn('Could not announce the attempt', { error });
    });
  }, announceAfterMs).unref();
  return () => {
    clearInterval(heartbeats);
    clearTimeout(announcement);
  };
}

function asActivityFailure(
  error: unknown,
  activity: Context,
  record: AttemptRecord,
  handedBack: number,
): Error {
  if (error instanceof WorkerShutdown) {
    // The count must reach the server before the failure does, or the hand-back would pass for a lost worker.
    activity.heartbeat(record.heartbeat(handedBack + 1));
    return ApplicationFailure.create({ type: 'HandedBack', message: error.message, nextRetryDelay: 1 });
  }
  if (error instanceof CancelledFailure && activity.cancellationSignal.aborted) {
    return new CancelledFailure('Task cancelled', [record.report('cancelled', null)]);
  }
  if (!(error instanceof TaskFailure) && error instanceof Error) record.addLine('ERROR', String(error.stack));
  const { report, retryable, retryAfterMs } = describeFailure(error);
  const details: AttemptFailure = {
    report: record.report(report.type === 'WorkerLost' ? 'lost' : 'failed', report),
    retryable,
    retry_after_ms: retryAfterMs ?? null,
    checkpoint: record.checkpoint,
  };
  return ApplicationFailure.create({
    type: report.type,
    message: report.message,
    // The task's own policy is the workflow's business; Temporal's is for lost workers.
    nonRetryable: true,
    // No cause: it would bring the untruncated message and stack along. The stack is in the attempt's log.
    details: [details],
  });
}

function lostTooOften(): TaskFailure {
  const message = `The worker was lost ${maxLostAttempts} times while it ran this task`;
  return new TaskFailure('WorkerLost', message, { retryable: false });
}

function unknownType(type: string): TaskFailure {
  const message = `No task type "${type}" is registered with this worker`;
  return new TaskFailure('UnknownTaskType', message, { retryable: false });
}
