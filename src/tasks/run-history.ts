/** Turns the events of one run into history entries for people. */
import { isDeepStrictEqual } from 'node:util';
import type { temporal } from '@temporalio/proto';
import {
  applyEdit,
  attemptStarted,
  becomeDue,
  endBackoff,
  initialState,
  applyCommand,
  predecessorEnded,
  type TaskState,
} from '../../workflows/state.ts';
import type { HistoryEntry } from '../contract/history.ts';
import {
  attemptStartedSignalName,
  commandSignalName,
  predecessorEndedSignalName,
  searchAttributes,
} from '../contract/names.ts';
import type { EndedPredecessor } from '../contract/predecessors.ts';
import type {
  AttemptStart,
  AttemptReport,
  Author,
  TaskCommand,
  TaskEdit,
  TaskInput,
} from '../contract/workflow.ts';
import { specNames, type TaskSpec } from '../contract/spec.ts';
import { reportIn } from './attempts.ts';
import { readCancelReason } from './cancel-reason.ts';
import { readEnding } from './ending.ts';
import { decode, millis } from '../temporal/payload.ts';
import { editIn } from './spec.ts';

type Event = temporal.api.history.v1.IHistoryEvent;
type Started = temporal.api.history.v1.IWorkflowExecutionStartedEventAttributes;
type Entry = Omit<HistoryEntry, 'at' | 'run_id' | 'by'> & { readonly by?: HistoryEntry['by'] };

const commandTypes = { pause: 'paused', resume: 'resumed', 'run-now': 'run_now' } as const;
/** Maximum size of a value in an entry, in characters of JSON: a history can have very many entries. */
const maxValueLength = 4096;

/** Tracks the state of a run, since a command that came too late had no effect and gets no entry. */
export class RunHistory {
  /** Attempts that have ended so far. */
  readonly attempts: AttemptReport[] = [];
  readonly #runId: string;
  readonly #before: TaskSpec | undefined;
  #state: TaskState | undefined;

  /** @param before the task as the run before has left it, if there was one and it is known. */
  constructor(runId: string, before?: TaskSpec) {
    this.#runId = runId;
    this.#before = before;
  }

  /** The task after the events so far; undefined before the first one. */
  get spec(): TaskSpec | undefined {
    return this.#state?.spec;
  }

  entriesOf(event: Event): HistoryEntry[] {
    const ms = millis(event.eventTime) ?? 0;
    const at = new Date(ms).toISOString();
    return this.#read(event, ms).map((entry) => ({ by: null, ...entry, at, run_id: this.#runId }));
  }

  #read(event: Event, at: number): Entry[] {
    const started = event.workflowExecutionStartedEventAttributes;
    if (started) return this.#start(started, at);
    if (!this.#state) return [];
    const edit = editIn(event);
    if (edit) return this.#edit(this.#state, edit, at);
    if (event.activityTaskScheduledEventAttributes) return this.#becomeDue(this.#state, at);
    const timer = event.timerStartedEventAttributes;
    if (timer) return this.#backOff(this.#state, at + (millis(timer.startToFireTimeout) ?? 0));
    const predecessor = endedPredecessorIn(event);
    if (predecessor) return this.#predecessorEnded(this.#state, predecessor, at);
    const signal = event.workflowExecutionSignaledEventAttributes;
    const payload = signal?.input?.payloads?.[0];
    if (signal?.signalName === commandSignalName) {
      return this.#applyCommand(this.#state, decode<TaskCommand>(payload), at);
    }
    if (signal?.signalName === attemptStartedSignalName) {
      const attemptStart = decode<AttemptStart>(payload);
      if (attemptStart) this.#state = attemptStarted(this.#state, attemptStart, at);
      return [];
    }
    const report = reportIn(event);
    // A failure that the attempt itself reports counts even if it was being withdrawn (workflows/attempt.ts).
    if (event.activityTaskFailedEventAttributes && report)
      this.#state = { ...this.#state, status: 'RUNNING' };
    else if (isAttemptFailure(event)) this.#state = runningState(this.#state);
    return report ? this.#attempt(report) : endOrCancel(event);
  }

  #start(started: Started, at: number): Entry[] {
    const input = decode<TaskInput>(started.input?.payloads?.[0]);
    if (!input) return [];
    this.#state = initialState(input, at);
    const { owner, retried_by } = input;
    if (!retried_by) return [{ type: 'created', by: owner }];
    const changes = this.#before ? changesOfRetry(this.#before, this.#state.spec, started) : [];
    return [{ type: 'retried', by: retried_by, ...(changes.length > 0 && { changes }) }];
  }

  #edit(before: TaskState, edit: TaskEdit, at: number): Entry[] {
    this.#state = applyEdit(before, edit, at);
    const type = edit.changed.every((field) => field === 'scheduled_time') ? 'rescheduled' : 'edited';
    return [
      {
        type,
        by: authorOf(edit),
        changes: edit.changed.map((field) => change(field, before.spec, edit.spec)),
      },
    ];
  }

  #predecessorEnded(before: TaskState, predecessor: EndedPredecessor, at: number): Entry[] {
    this.#state = predecessorEnded(before, predecessor, at);
    return this.#state === before ? [] : [{ type: 'predecessor_over', predecessor }];
  }

  #becomeDue(before: TaskState, at: number): Entry[] {
    const due = becomeDue(before, at);
    this.#state = endBackoff(due);
    return due === before ? [] : [{ type: 'due' }];
  }

  /** Records a backoff. Temporal's timers are for those, and for a task that has not become due. */
  #backOff(before: TaskState, nextAttemptAt: number): Entry[] {
    const state = runningState(before);
    if (state.status === 'RUNNING') this.#state = { ...state, nextAttemptAt };
    return [];
  }

  #applyCommand(before: TaskState, command: TaskCommand | undefined, at: number): Entry[] {
    if (!command) return [];
    this.#state = applyCommand(before, command, at);
    return this.#state === before ? [] : [{ type: commandTypes[command.command], by: authorOf(command) }];
  }

  #attempt(report: AttemptReport): Entry[] {
    const known = this.attempts.some(({ attempt }) => attempt === report.attempt);
    this.attempts.push(report);
    return known ? [] : [{ type: 'attempt', attempt: { ...report } }];
  }
}

/** Returns the state of a task whose attempt was lost or handed back. It is unchanged if that was being withdrawn. */
function runningState(state: TaskState): TaskState {
  return state.status === 'PENDING' ? { ...state, status: 'RUNNING' } : state;
}

/** Returns whether an attempt has failed, or its worker was lost. Its report, if any, can be with the event. */
function isAttemptFailure(event: Event): boolean {
  return Boolean(event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes);
}

/** Returns a predecessor's end: it came as a signal, or the workflow looked it up itself, which leaves a marker. */
function endedPredecessorIn(event: Event): EndedPredecessor | undefined {
  const signal = event.workflowExecutionSignaledEventAttributes;
  if (signal?.signalName === predecessorEndedSignalName) return decode(signal.input?.payloads?.[0]);
  const result = event.markerRecordedEventAttributes?.details?.['result'];
  return decode<EndedPredecessor | null>(result?.payloads?.[0]) ?? undefined;
}

function endOrCancel(event: Event): Entry[] {
  const asked = event.workflowExecutionCancelRequestedEventAttributes;
  if (asked) return [{ type: 'cancel_requested', ...readCancelReason(asked.cause ?? '') }];
  if (event.workflowExecutionCompletedEventAttributes) return [{ type: 'completed' }];
  if (event.workflowExecutionCanceledEventAttributes) return [{ type: 'cancelled' }];
  if (event.workflowExecutionTimedOutEventAttributes) return [{ type: 'timed_out' }];
  const terminated = event.workflowExecutionTerminatedEventAttributes;
  if (terminated)
    return [{ type: 'terminated', ...(terminated.reason ? { reason: terminated.reason } : {}) }];
  const failure = event.workflowExecutionFailedEventAttributes?.failure;
  if (!failure) return [];
  const { errorMessage } = readEnding(event);
  const type = failure.applicationFailureInfo?.type ?? 'Error';
  return [{ type: 'failed', error: { type, message: errorMessage ?? '' } }];
}

/**
 * Returns what a retry has changed: its request is not recorded. A run that is due at once has the time of its start as
 * its scheduled time, which no one has set.
 */
function changesOfRetry(before: TaskSpec, after: TaskSpec, started: Started) {
  const startedAt = decode<string>(
    started.searchAttributes?.indexedFields?.[searchAttributes.updatedAt.name],
  );
  const isDueAtOnce = Date.parse(after.scheduled_time) === Date.parse(startedAt ?? '');
  return specNames
    .filter((field) => !isDeepStrictEqual(before[field], after[field]))
    .filter((field) => field !== 'scheduled_time' || !isDueAtOnce)
    .map((field) => change(field, before, after));
}

function change(field: keyof TaskSpec, before: TaskSpec, after: TaskSpec) {
  const [from, to] = [before[field], after[field]];
  const isLarge = [from, to].some((value) => JSON.stringify(value).length > maxValueLength);
  return isLarge ? { field } : { field, from, to };
}

/** Messages of services without histories (before 22039e8) have only the id. */
function authorOf({ by, by_name }: { by: string; by_name?: string }): Author {
  return { id: by, name: by_name ?? null };
}
