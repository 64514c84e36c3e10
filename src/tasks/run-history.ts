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
import { isAttemptStart, isEndedPredecessor } from '../../workflows/message-shapes.ts';
import type { HistoryEntry } from '../contract/history.ts';
import {
  attemptStartedSignalName,
  commandSignalName,
  predecessorEndedSignalName,
  searchAttributes,
} from '../contract/names.ts';
import type { EndedPredecessor } from '../contract/predecessors.ts';
import type { AttemptReport, Author, TaskCommand, TaskEdit } from '../contract/workflow.ts';
import { specNames, type TaskSpec } from '../contract/spec.ts';
import { quickReportIn, reportIn } from './attempts.ts';
import { readCancelReason } from './cancel-reason.ts';
import { readEnding } from './ending.ts';
import { decode, millis } from '../temporal/payload.ts';
import { readInput } from './records.ts';
import { acceptedEdit, madeEditId } from './spec.ts';

type Event = temporal.api.history.v1.IHistoryEvent;
type Started = temporal.api.history.v1.IWorkflowExecutionStartedEventAttributes;
/** `at` is set if it is not the time of the event. */
type Entry = Omit<HistoryEntry, 'at' | 'run_id' | 'by'> & Partial<Pick<HistoryEntry, 'at' | 'by'>>;

const attemptEnds = [
  'activityTaskCanceledEventAttributes',
  'activityTaskCompletedEventAttributes',
  'activityTaskFailedEventAttributes',
  'activityTaskTimedOutEventAttributes',
] as const;
const commandTypes = { pause: 'paused', resume: 'resumed', 'run-now': 'run_now' } as const;
/** Maximum size of a value in an entry, in characters of JSON: a history can have very many entries. */
const maxValueLength = 4096;

/** Tracks the state of a run, since a command that came too late had no effect and gets no entry. */
export class RunHistory {
  /** Attempts that have ended so far. */
  readonly attempts: AttemptReport[] = [];
  readonly #runId: string;
  /** Id by which commands name the run (workflows/run.ts). */
  #firstRunId: string | undefined;
  readonly #before: TaskSpec | undefined;
  readonly #follows: boolean;
  #state: TaskState | undefined;
  /** Edits that have been accepted, by the id of their update, which may yet reject them. */
  readonly #edits = new Map<string, TaskEdit>();
  /** Whether an attempt has been scheduled that has not ended. */
  #isAttempting = false;
  /** Commands that wait until the attempt is withdrawn, oldest first. */
  #commands: TaskCommand[] = [];
  /** Whether the run rejects commands if the attempt turns out to have started. */
  #withdrawsFirst = false;
  /** Whether the events are still those of the run that this one continues, after a reset in Temporal. */
  #isCopy = false;

  /**
   * @param before the task as the run before has left it, if there was one and it is known.
   * @param follows whether the entries of an earlier run come before this one's.
   */
  constructor(runId: string, before?: TaskSpec, follows = false) {
    this.#runId = runId;
    this.#before = before;
    this.#follows = follows;
  }

  /** The task after the events so far; undefined before the first one. */
  get spec(): TaskSpec | undefined {
    return this.#state?.spec;
  }

  entriesOf(event: Event): HistoryEntry[] {
    const ms = millis(event.eventTime) ?? 0;
    const at = new Date(ms).toISOString();
    const started = event.workflowExecutionStartedEventAttributes;
    this.#firstRunId ??= started?.firstExecutionRunId ?? undefined;
    if (started?.originalExecutionRunId) {
      this.#isCopy = this.#follows && started.originalExecutionRunId !== this.#runId;
    }
    const entries = this.#read(event, ms);
    if (this.#isCopy) {
      this.#isCopy = event.workflowTaskFailedEventAttributes?.newRunId !== this.#runId;
      return [];
    }
    return entries.map((entry) => ({ by: null, at, ...entry, run_id: this.#runId }));
  }

  #read(event: Event, at: number): Entry[] {
    const started = event.workflowExecutionStartedEventAttributes;
    if (started) return this.#start(event, started, at);
    if (!this.#state) return [];
    const accepted = acceptedEdit(event);
    if (accepted) this.#edits.set(accepted.id, accepted.edit);
    const edit = this.#edits.get(madeEditId(event) ?? '');
    if (edit) return this.#edit(this.#state, edit, at);
    if (event.activityTaskScheduledEventAttributes) return this.#becomeDue(this.#state, at);
    if (isPatch(event, 'withdraw-first')) this.#withdrawsFirst = true;
    const timer = event.timerStartedEventAttributes;
    if (timer) return this.#backOff(this.#state, at + (millis(timer.startToFireTimeout) ?? 0));
    const predecessor = endedPredecessorIn(event);
    if (predecessor) return this.#predecessorEnded(this.#state, predecessor, at);
    const signal = event.workflowExecutionSignaledEventAttributes;
    const payload = signal?.input?.payloads?.[0];
    if (signal?.signalName === commandSignalName) {
      return this.#command(this.#state, decode<TaskCommand>(payload), at);
    }
    if (signal?.signalName === attemptStartedSignalName) {
      const attemptStart = decode(payload);
      const entries = this.#decideCommands(!this.#withdrawsFirst, at);
      if (isAttemptStart(attemptStart)) this.#state = attemptStarted(this.#state, attemptStart, at);
      return entries;
    }
    const quickReport = quickReportIn(event);
    if (quickReport) return this.#endQuickAttempt(this.#state, quickReport);
    const report = reportIn(event);
    const entries = this.#endAttempt(event, report, at);
    // A failure that the attempt itself reports counts even if it was being withdrawn (workflows/attempt.ts).
    if (event.activityTaskFailedEventAttributes && report)
      this.#state = { ...this.#state, status: 'RUNNING' };
    else if (isAttemptFailure(event)) this.#state = runningState(this.#state);
    return [...entries, ...(report ? this.#attempt(report) : endOrCancel(event))];
  }

  #start(event: Event, started: Started, at: number): Entry[] {
    const input = readInput(event);
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
    this.#isAttempting = true;
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

  #command(before: TaskState, command: TaskCommand | undefined, at: number): Entry[] {
    // Anything can be sent in the Temporal Web UI.
    if (!command || !Object.hasOwn(commandTypes, command.command)) return [];
    if (command.first_run_id !== undefined && command.first_run_id !== this.#firstRunId) return [];
    if (!this.#isAttempting || before.status !== 'PENDING') return this.#applyCommand(before, command, at);
    this.#commands.push(command);
    return [];
  }

  /** Records the end of an attempt, if the event is one, which decides about the commands that wait for it. */
  #endAttempt(event: Event, report: AttemptReport | undefined, at: number): Entry[] {
    if (!attemptEnds.some((attributes) => event[attributes])) return [];
    this.#isAttempting = false;
    const isWithdrawn = Boolean(event.activityTaskCanceledEventAttributes);
    return this.#decideCommands(isWithdrawn && !(report && this.#withdrawsFirst), at);
  }

  /** Records an attempt on the quick lane: the events show its end only. */
  #endQuickAttempt(before: TaskState, report: AttemptReport): Entry[] {
    const isFirst = before.status === 'SCHEDULED';
    if (isFirst) this.#state = { ...before, status: 'RUNNING' };
    return [...(isFirst ? [{ type: 'due' as const, at: report.started_at }] : []), ...this.#attempt(report)];
  }

  #decideCommands(areMade: boolean, at: number): Entry[] {
    const commands = this.#commands;
    this.#commands = [];
    if (!areMade) return [];
    return commands.flatMap((command) => (this.#state ? this.#applyCommand(this.#state, command, at) : []));
  }

  #applyCommand(before: TaskState, command: TaskCommand, at: number): Entry[] {
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

/** Returns whether an event records that the run's code has a change of the workflow. */
function isPatch(event: Event, id: string): boolean {
  const { markerName, details } = event.markerRecordedEventAttributes ?? {};
  if (markerName !== 'core_patch') return false;
  return decode<{ readonly id?: string }>(details?.['patch-data']?.payloads?.[0])?.id === id;
}

/** Returns whether an attempt has failed, or its worker was lost. Its report, if any, can be with the event. */
function isAttemptFailure(event: Event): boolean {
  return Boolean(event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes);
}

/** Returns a predecessor's end: it came as a signal, or the workflow looked it up itself, which leaves a marker. */
function endedPredecessorIn(event: Event): EndedPredecessor | undefined {
  const signal = event.workflowExecutionSignaledEventAttributes;
  const isSignal = signal?.signalName === predecessorEndedSignalName;
  const lookedUp = event.markerRecordedEventAttributes?.details?.['result'];
  const value = decode(isSignal ? signal.input?.payloads?.[0] : lookedUp?.payloads?.[0]);
  return isEndedPredecessor(value) ? value : undefined;
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
