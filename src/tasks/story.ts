/** One run's events → what they mean to people. */
import type { temporal } from '@temporalio/proto';
import {
  applyEdit,
  attemptBegun,
  becomeDue,
  initialState,
  obey,
  predecessorOver,
  type TaskState,
} from '../../workflows/state.ts';
import type { HistoryEntry } from '../contract/history.ts';
import { attemptBegunSignalName, commandSignalName, predecessorOverSignalName } from '../contract/names.ts';
import type { PredecessorOver } from '../contract/predecessors.ts';
import type {
  AttemptBegun,
  AttemptReport,
  Author,
  TaskCommand,
  TaskEdit,
  TaskInput,
  TaskSpec,
} from '../contract/workflow.ts';
import { reportIn } from './attempts.ts';
import { readCancelReason } from './cancel-reason.ts';
import { readEnding } from './ending.ts';
import { decode, millis } from './execution.ts';
import { editIn } from './spec.ts';

type Event = temporal.api.history.v1.IHistoryEvent;
type Told = Omit<HistoryEntry, 'at' | 'run_id' | 'by'> & { readonly by?: HistoryEntry['by'] };

const commandTypes = { pause: 'paused', resume: 'resumed', 'run-now': 'run_now' } as const;
/** Too large for a timeline. */
const untold: ReadonlySet<keyof TaskSpec> = new Set(['payload', 'description']);

/** Follows the state of a run, since a command that came too late has done nothing, and is not told. */
export class RunStory {
  /** Those that are over, so far. */
  readonly attempts: AttemptReport[] = [];
  readonly #runId: string;
  #state: TaskState | undefined;

  constructor(runId: string) {
    this.#runId = runId;
  }

  tell(event: Event): HistoryEntry[] {
    const ms = millis(event.eventTime) ?? 0;
    const at = new Date(ms).toISOString();
    return this.#read(event, ms).map((told) => ({ by: null, ...told, at, run_id: this.#runId }));
  }

  #read(event: Event, at: number): Told[] {
    const started = event.workflowExecutionStartedEventAttributes;
    if (started) return this.#begin(decode<TaskInput>(started.input?.payloads?.[0]), at);
    if (!this.#state) return [];
    const edit = editIn(event);
    if (edit) return this.#edit(this.#state, edit, at);
    if (event.activityTaskScheduledEventAttributes) return this.#becomeDue(this.#state, at);
    const over = predecessorOverIn(event);
    if (over) return this.#predecessorOver(this.#state, over, at);
    const signal = event.workflowExecutionSignaledEventAttributes;
    const payload = signal?.input?.payloads?.[0];
    if (signal?.signalName === commandSignalName) {
      return this.#obey(this.#state, decode<TaskCommand>(payload), at);
    }
    if (signal?.signalName === attemptBegunSignalName) {
      const begun = decode<AttemptBegun>(payload);
      if (begun) this.#state = attemptBegun(this.#state, begun, at);
      return [];
    }
    const report = reportIn(event);
    return report ? this.#attempt(report) : endOrCancel(event);
  }

  #begin(input: TaskInput | undefined, at: number): Told[] {
    if (!input) return [];
    this.#state = initialState(input, at);
    const { owner, retried_by } = input;
    return [retried_by ? { type: 'retried', by: retried_by } : { type: 'created', by: owner }];
  }

  #edit(before: TaskState, edit: TaskEdit, at: number): Told[] {
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

  #predecessorOver(before: TaskState, over: PredecessorOver, at: number): Told[] {
    this.#state = predecessorOver(before, over, at);
    return this.#state === before ? [] : [{ type: 'predecessor_over', predecessor: over }];
  }

  #becomeDue(before: TaskState, at: number): Told[] {
    this.#state = becomeDue(before, at);
    return this.#state === before ? [] : [{ type: 'due' }];
  }

  #obey(before: TaskState, command: TaskCommand | undefined, at: number): Told[] {
    if (!command) return [];
    this.#state = obey(before, command, at);
    return this.#state === before ? [] : [{ type: commandTypes[command.command], by: authorOf(command) }];
  }

  #attempt(report: AttemptReport): Told[] {
    if (this.#state) this.#state = { ...this.#state, status: 'RUNNING' };
    const known = this.attempts.some(({ attempt }) => attempt === report.attempt);
    this.attempts.push(report);
    return known ? [] : [{ type: 'attempt', attempt: { ...report } }];
  }
}

/** It came as a signal, or the workflow has found it out itself: such answers stand in markers. */
function predecessorOverIn(event: Event): PredecessorOver | undefined {
  const signal = event.workflowExecutionSignaledEventAttributes;
  if (signal?.signalName === predecessorOverSignalName) return decode(signal.input?.payloads?.[0]);
  const result = event.markerRecordedEventAttributes?.details?.['result'];
  return decode<PredecessorOver | null>(result?.payloads?.[0]) ?? undefined;
}

function endOrCancel(event: Event): Told[] {
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

function change(field: keyof TaskSpec, before: TaskSpec, after: TaskSpec) {
  return untold.has(field) ? { field } : { field, from: before[field], to: after[field] };
}

/** Messages of earlier versions have the id alone. */
function authorOf({ by, by_name }: { by: string; by_name?: string }): Author {
  return { id: by, name: by_name ?? null };
}
