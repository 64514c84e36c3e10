import { describe, expect, test } from 'vitest';
import type { TaskSummary } from '../../../src/contract/task.ts';
import type { TaskInput, TaskMemo } from '../../../src/contract/workflow.ts';
import type { Execution, PendingAttempt } from '../../../src/tasks/execution.ts';
import { summarise } from '../../../src/tasks/summary.ts';
import {
  applyCommand,
  applyEdit,
  attemptFailed,
  attemptStarted,
  becomeDue,
  initialState,
  predecessorEnded,
  type TaskState,
} from '../../../workflows/state.ts';
import { lateness, startDelay } from '../../../src/dashboard/what-now.ts';
import { aTask, aTaskInput, liveExecution } from '../../support/task.ts';

const due = Date.parse('2030-01-01T00:00:00.000Z');
const iso = (ms: number) => new Date(ms).toISOString();
/** Returns an instant, in seconds after the scheduled time of every task here. */
const at = (seconds: number) => due + seconds * 1000;

const created = (input: Partial<TaskInput> = {}) => initialState(aTaskInput(input), at(-600));
const commanded = (command: 'pause' | 'resume' | 'run-now', seconds: number) => (state: TaskState) =>
  applyCommand(state, { command, by: 'o' }, at(seconds));
const isDue = (seconds: number) => (state: TaskState) => becomeDue(state, at(seconds));
const started = (seconds: number) => (state: TaskState) =>
  attemptStarted(state, { attempt: 1, started_at: iso(at(seconds)) }, at(seconds));

function failed(seconds: number) {
  return (state: TaskState) => {
    const times = { started_at: state.started_at ?? '', finished_at: iso(at(seconds)) };
    const report = { attempt: 1, ...times, worker: 'w', outcome: 'failed', error: null, log: [] } as const;
    return attemptFailed(
      state,
      { report, retryable: true, retryAfterMs: 0, checkpoint: null },
      at(seconds),
      0,
    );
  };
}

/** Returns a task as lists show it, and as its own page does. */
function shown(
  state: TaskState,
  after: readonly string[],
  now: number,
): { list: TaskSummary; page: TaskSummary } {
  const memo: TaskMemo = {
    ...aTaskInput(),
    after,
    attempt: state.attempts.length,
    ...(state.attempts.length > 0 && state.started_at !== null && { started_at: state.started_at }),
    ...(state.nextAttemptAt !== null && { next_attempt_at: iso(state.nextAttemptAt) }),
  };
  const row: Execution = {
    id: 'a',
    runId: 'r',
    status: 'open',
    startedAt: at(-600),
    closedAt: undefined,
    isRetry: false,
    owner: 'o',
    storedStatus: state.status,
    tags: [],
    scheduledAt: Date.parse(state.spec.scheduled_time),
    updatedAt: state.updatedAt,
    version: state.version,
    memo,
    scheduleId: undefined,
  };
  const isRunning = state.status === 'RUNNING' && state.nextAttemptAt === null;
  const pending: PendingAttempt = {
    activityId: '1',
    started: isRunning,
    running: isRunning,
    cancelRequested: false,
    paused: false,
    attempt: 1,
    worker: 'w',
    startedAt: state.started_at === null ? undefined : Date.parse(state.started_at),
    nextAt: undefined,
    heartbeat: undefined,
  };
  const live = liveExecution(row, {
    pending: state.status === 'PENDING' || isRunning ? pending : undefined,
  });
  return { list: summarise(row, { now }), page: summarise(live, { now }) };
}

type Step = (state: TaskState) => TaskState;
/** What happens to a task, when it is looked at after that, and how late it is then, both in seconds. */
type Moment = readonly [step: Step, seconds: number, late: number | undefined];

const predecessorDone: Step = (state) => predecessorEnded(state, { id: 'p', ended: 'COMPLETED' }, at(60));
const rescheduled: Step = (state) => {
  const edit = { changed: ['scheduled_time'] as const, by: 'o', expected_version: 0, not_after: iso(at(60)) };
  return applyEdit(state, { ...edit, spec: { ...state.spec, scheduled_time: iso(at(30)) } }, at(15));
};

describe('the list and the page of a task show the same lateness', () => {
  test.each<readonly [string, Partial<TaskInput>, readonly Moment[]]>([
    [
      'that was never held: it grows until the start',
      {},
      [
        [(state) => state, -1, undefined],
        [isDue(0), 0.9, undefined],
        [isDue(0), 5, 5],
        [started(7), 60, undefined],
        [failed(61), 62, undefined],
      ],
    ],
    ['whose timer no worker has processed', {}, [[(state) => state, 5, 5]]],
    [
      'that was paused beyond its time: the pause counts',
      {},
      [
        [commanded('pause', -10), 50, undefined],
        [commanded('resume', 60), 60, 60],
        [isDue(60), 65, 65],
        [started(66), 70, undefined],
        [failed(71), 72, undefined],
      ],
    ],
    [
      'with predecessors: none, whatever its scheduled time',
      { after: ['p'] },
      [
        [(state) => state, 50, undefined],
        [predecessorDone, 60, undefined],
        [isDue(60), 65, undefined],
        [started(66), 70, undefined],
      ],
    ],
    [
      'that runs now: none before its time has come',
      {},
      [
        [commanded('run-now', -60), -59, undefined],
        [isDue(-59), -30, undefined],
        [isDue(-59), 3, 3],
        [started(4), 5, undefined],
      ],
    ],
    [
      'that was edited: it counts from the new time',
      {},
      [
        [isDue(0), 10, 10],
        [rescheduled, 20, undefined],
        [isDue(30), 34, 4],
        [started(35), 60, undefined],
      ],
    ],
  ])('%s', (_what, input, moments) => {
    let state = created(input);
    for (const [step, seconds, late] of moments) {
      state = step(state);
      const now = { value: at(seconds) };
      const { list, page } = shown(state, input.after ?? [], now.value);
      const expected = late === undefined ? undefined : late * 1000;
      expect([seconds, lateness(list, now)]).toEqual([seconds, expected]);
      expect([seconds, lateness(page, now)]).toEqual([seconds, expected]);
    }
  });
});

test.each<[string, Partial<TaskSummary>, number | undefined]>([
  ['is measured from its scheduled time', { started_at: iso(at(2.5)) }, 2500],
  ['is unknown if its start is', { status: 'COMPLETED' }, undefined],
  ['is none if it waited for predecessors', { started_at: iso(at(2.5)), after: ['b'] }, undefined],
  ['is none if it was run before its time', { started_at: iso(at(-2.5)) }, undefined],
  ['is none below a second, since timers are never exact', { started_at: iso(at(0.999)) }, undefined],
])('the delay of the start of a task %s', (_what, changes, delay) => {
  expect(startDelay(aTask({ scheduled_time: iso(due), ...changes }))).toBe(delay);
});
