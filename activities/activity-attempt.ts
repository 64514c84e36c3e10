/** An attempt as an activity: what it is made of, and the reports of those before it. */
import { Context } from '@temporalio/activity';
import type {
  AttemptInput,
  AttemptInterruption,
  AttemptReport,
  AttemptStart,
} from '../src/contract/workflow.ts';
import { type Announcement, createAnnouncement } from './announcement.ts';
import { AttemptRecord } from './attempt-record.ts';
import { type EarlierTries, earlierTries } from './earlier-tries.ts';
import type { FindSecret } from './find-secret.ts';
import { Heartbeats } from './heartbeats.ts';
import type { TaskMeasures } from './measures.ts';
import type { HandlerPool } from './pool/pool.ts';
import type { Probation } from './probation.ts';
import type { SlotKind } from './slots.ts';
import { createStopSignal, type StopSignal } from './stop-signal.ts';

export interface WorkflowRun {
  readonly workflowId: string;
  readonly runId: string;
}

export interface RunningActivity extends WorkflowRun {
  readonly activityId: string;
}

export interface ProcessTaskDependencies {
  readonly pool: HandlerPool;
  readonly findSecret: FindSecret;
  /** The slots that the worker's attempts arrive in. */
  readonly slots: SlotKind;
  readonly probation: Probation;
  /** The worker's identity, shown to the task's owner with each attempt. */
  readonly worker: string;
  readonly signals: {
    /** Notifies the task's workflow that an attempt is running, once it has run for a second. */
    started(workflow: WorkflowRun, start: AttemptStart): Promise<void>;
    /** Notifies the workflow of an attempt that was lost or handed back. */
    interrupted(workflow: WorkflowRun, interruption: AttemptInterruption): Promise<void>;
  };
  /** Returns why an attempt that Temporal has asked to stop must do so: undefined if it was only to be withdrawn. */
  readonly whyStop: (attempt: RunningActivity) => Promise<'cancelled' | 'given_up' | undefined>;
  /** Fires when the worker shuts down and its grace time is over. */
  readonly graceOver: AbortSignal;
  readonly measures: TaskMeasures;
}

/** An attempt that the server has dispatched to this worker. */
export interface ActivityAttempt {
  readonly dependencies: ProcessTaskDependencies;
  readonly activity: Context;
  readonly workflow: WorkflowRun;
  readonly input: AttemptInput;
  readonly tries: EarlierTries;
  readonly startedAt: number;
  readonly record: AttemptRecord;
  readonly heartbeats: Heartbeats;
  readonly announcement: Announcement;
  readonly stop: StopSignal;
}

/** Delay of an attempt that can start as soon as a slot is free, in milliseconds. The server takes 0 for no value. */
export const soonMs = 1;

export function workflowOf({ info }: Context): WorkflowRun {
  if (!info.workflowExecution) throw new TypeError('processTask must be started by a workflow');
  return info.workflowExecution;
}

export function createAttempt(dependencies: ProcessTaskDependencies, input: AttemptInput): ActivityAttempt {
  const activity = Context.current();
  const workflow = workflowOf(activity);
  const tries = earlierTries(activity.info, input);
  const startedAt = Date.now();
  const { worker } = dependencies;
  const heartbeats = new Heartbeats(() => activity.heartbeat(record.heartbeat()));
  const record = new AttemptRecord({ ...tries, startedAt, worker }, () => heartbeats.soon());
  const start = { attempt: tries.attempt, started_at: new Date(startedAt).toISOString() };
  const announcement = createAnnouncement(
    () => dependencies.signals.started(workflow, start),
    // Lists show PENDING until the attempt ends; reading the task itself still gives its true state.
    (error) => activity.log.warn('Could not announce the attempt', { error }),
  );
  const stop = createStopSignal({
    asked: activity.cancellationSignal,
    graceOver: dependencies.graceOver,
    whyStop: () => dependencies.whyStop({ ...workflow, activityId: activity.info.activityId }),
    onWithdrawal: () => announcement.now(),
    onError: (error) => activity.log.warn('Could not find out why the attempt should stop', { error }),
  });
  return {
    dependencies,
    activity,
    workflow,
    input,
    tries,
    startedAt,
    record,
    heartbeats,
    announcement,
    stop,
  };
}

/** Reports interrupted attempts to the workflow. The next try, if any, reports what cannot be reported now. */
export async function reportInterrupted(
  attempt: Pick<ActivityAttempt, 'dependencies' | 'activity' | 'workflow' | 'input' | 'record'>,
  reports: readonly AttemptReport[],
): Promise<void> {
  const { dependencies, activity, workflow, input, record } = attempt;
  try {
    for (const report of reports) {
      await dependencies.signals.interrupted(workflow, { report });
      record.reported(report.attempt);
      dependencies.measures.attemptEnded(input.type, report);
    }
  } catch (error) {
    // The attempt itself matters more than the record of the one before it.
    activity.log.warn('Could not report an interrupted attempt', { error });
  }
}
