/** The attempts of a run, read from its events and its pending activity, without asking a worker. */
import type { temporal } from '@temporalio/proto';
import { isReport } from '../../workflows/message-shapes.ts';
import { lostAttempt } from '../contract/lost-attempt.ts';
import { attemptInterruptedSignalName, quickAttemptActivity } from '../contract/names.ts';
import type { Attempt } from '../contract/task.ts';
import type {
  AttemptFailure,
  AttemptHeartbeat,
  AttemptInterruption,
  AttemptReport,
  AttemptSuccess,
  MovedAttempt,
} from '../contract/workflow.ts';
import type { LiveExecution, PendingAttempt } from './execution.ts';
import { decode } from '../temporal/payload.ts';
import { madeEditId } from './spec.ts';

type Event = temporal.api.history.v1.IHistoryEvent;

/**
 * Reads the attempts that have ended from the events of a run whose workflow has not (or not yet) reported
 * them. Stops at the last edit, which withdrew everything before it.
 * @param backwards events, newest first
 */
export async function attemptsIn(backwards: AsyncIterable<Event>): Promise<AttemptReport[]> {
  const attempts = new Map<number, AttemptReport>();
  for await (const event of backwards) {
    if (madeEditId(event) !== undefined) break;
    const report = reportIn(event);
    // An attempt may be reported twice: the later report counts.
    if (report && !attempts.has(report.attempt)) attempts.set(report.attempt, report);
  }
  return [...attempts.values()].toSorted((a, b) => a.attempt - b.attempt);
}

/** Returns the report of an attempt on the quick lane, if the event is the marker of one that had begun. */
export function quickReportIn({ markerRecordedEventAttributes: marker }: Event): AttemptReport | undefined {
  if (localActivityOf(marker) !== quickAttemptActivity) return undefined;
  const { applicationFailureInfo, canceledFailureInfo } = marker?.failure ?? {};
  const result = marker?.details?.['result'];
  return (
    reportOrNothing(decode<Partial<AttemptSuccess | MovedAttempt>>(result?.payloads?.[0])?.report) ??
    reportOrNothing(
      decode<Partial<AttemptFailure>>(applicationFailureInfo?.details?.payloads?.[0])?.report,
    ) ??
    reportOrNothing(decode(canceledFailureInfo?.details?.payloads?.[0]))
  );
}

/** Returns the report of an attempt that has ended, if the event contains one. */
export function reportIn(event: Event): AttemptReport | undefined {
  const signal = event.workflowExecutionSignaledEventAttributes;
  if (signal?.signalName === attemptInterruptedSignalName)
    return reportOrNothing(decode<Partial<AttemptInterruption>>(signal.input?.payloads?.[0])?.report);
  if (event.markerRecordedEventAttributes) return quickReportIn(event);
  const completed = event.activityTaskCompletedEventAttributes?.result;
  const failure = event.activityTaskFailedEventAttributes?.failure?.applicationFailureInfo?.details;
  const cancelled = event.activityTaskCanceledEventAttributes?.details;
  const lost = event.activityTaskTimedOutEventAttributes?.failure?.timeoutFailureInfo?.lastHeartbeatDetails;
  const current = decode<AttemptHeartbeat>(lost?.payloads?.[0])?.current;
  return (
    reportOrNothing(decode<Partial<AttemptSuccess>>(completed?.payloads?.[0])?.report) ??
    reportOrNothing(decode<Partial<AttemptFailure>>(failure?.payloads?.[0])?.report) ??
    reportOrNothing(decode(cancelled?.payloads?.[0])) ??
    (current && lostAttempt(current))
  );
}

/** Returns the name of the local activity that a marker is of; undefined for other markers. */
function localActivityOf(
  marker: temporal.api.history.v1.IMarkerRecordedEventAttributes | null | undefined,
): string | undefined {
  if (marker?.markerName !== 'core_local_activity') return undefined;
  return decode<{ readonly activity_type?: string }>(marker.details?.['data']?.payloads?.[0])?.activity_type;
}

/** The server adds a text of its own to the end of an attempt that was cancelled before it started. */
function reportOrNothing(details: unknown): AttemptReport | undefined {
  return isReport(details) ? details : undefined;
}

/**
 * Returns whether a run can have attempts that have ended. Most have none, so their history need not be read.
 */
export function mayHaveAttempts({ status, memo, pending }: LiveExecution): boolean {
  // These runs report their attempts in their close event.
  if (status === 'completed' || status === 'failed') return false;
  return memo.attempt > 0 || status !== 'open' || (pending?.attempt ?? 1) > 1;
}

/** Returns an open run's attempt that has not ended, or that was lost and has not been reported yet. */
export function unreportedAttempt(
  execution: LiveExecution,
  ended: readonly AttemptReport[],
): Attempt | undefined {
  const { pending, memo, closedAt } = execution;
  if (!pending?.started) return undefined;
  const attempt = memo.attempt + pending.attempt;
  const { current } = pending.heartbeat ?? {};
  if (pending.running && closedAt !== undefined) return cutOff(running(attempt, pending), closedAt);
  if (pending.running) return running(attempt, pending);
  const isReported = ended.some((report) => report.attempt === current?.attempt);
  return current && !isReported ? lostAttempt(current) : undefined;
}

/** Returns an attempt that was running when its run was ended from outside: its worker then stops the handler. */
function cutOff(attempt: Attempt, closedAt: number): Attempt {
  const message = 'The run was ended from outside while the attempt was running';
  const error = { type: 'RunEnded', message };
  return { ...attempt, finished_at: new Date(closedAt).toISOString(), outcome: 'lost', error };
}

function running(attempt: number, { startedAt, worker, heartbeat }: PendingAttempt): Attempt {
  const current = heartbeat?.current;
  // The last heartbeat may still be from the previous attempt.
  const log = current?.attempt === attempt ? current.log : [];
  const started_at = new Date(startedAt ?? 0).toISOString();
  return { attempt, started_at, finished_at: null, worker, outcome: 'running', error: null, log };
}
