import { describe, expect, test } from 'vitest';
import type { TaskMemo } from '../../src/contract/workflow.ts';
import type { Ending } from '../../src/tasks/ending.ts';
import type { Execution, LiveExecution, PendingAttempt } from '../../src/tasks/execution.ts';
import { summarise } from '../../src/tasks/summary.ts';
import { liveExecution } from '../support/task.ts';

const now = Date.parse('2030-01-01T12:00:00.000Z');
const earlier = now - 60_000;
const later = now + 60_000;
const iso = (ms: number) => new Date(ms).toISOString();

const memo: TaskMemo = {
  name: 'a task',
  description: 'of some kind',
  type: 'echo',
  priority: 2,
  retry: { max_retries: 3, initial_interval: 60, backoff_coefficient: 2, maximum_interval: 3600 },
  soft_time_limit: 10,
  time_limit: 20,
  created_at: iso(earlier),
  retry_count: 0,
  attempt: 0,
};

const row: Execution = {
  id: '9f6f4b0e-0000-4000-8000-000000000001',
  runId: 'run',
  status: 'open',
  startedAt: 0,
  closedAt: undefined,
  isRetry: false,
  owner: 'alice',
  storedStatus: 'SCHEDULED',
  tags: ['a', 'b'],
  scheduledAt: later,
  updatedAt: earlier,
  version: 4,
  scheduleId: undefined,
  memo,
};

const live = (changes: Partial<LiveExecution>): LiveExecution => liveExecution(row, changes);

const waitingAttempt: PendingAttempt = {
  activityId: '1',
  started: false,
  running: false,
  cancelRequested: false,
  paused: false,
  attempt: 1,
  worker: '',
  startedAt: undefined,
  nextAt: undefined,
  heartbeat: undefined,
};

const progress = { percent: 40, message: 'almost half' };
const runningAttempt: PendingAttempt = {
  ...waitingAttempt,
  started: true,
  running: true,
  startedAt: earlier,
  heartbeat: { progress, checkpoint: null, handed_back: 0 },
};
/** An attempt that was lost with its worker; the server's next try is still to come. */
const lostAttempt: PendingAttempt = { ...waitingAttempt, started: true, attempt: 2, nextAt: later };

const view = (execution: Execution, ending?: Ending) => summarise(execution, { now, ending });

interface Case {
  readonly what: string;
  readonly execution: Partial<LiveExecution>;
  readonly shown: Partial<ReturnType<typeof view>>;
}

const paused = { reason: 'paused' } as const;
const worker = { reason: 'worker' } as const;
const due = { scheduledAt: earlier };

const cases: Case[] = [
  {
    what: 'before its time: SCHEDULED, waiting for its time',
    execution: {},
    shown: { status: 'SCHEDULED', waiting: { reason: 'time', until: iso(later) }, attempt: 0 },
  },
  {
    what: 'past its time, though nothing has been written since: PENDING, waiting for a worker',
    execution: due,
    shown: { status: 'PENDING', waiting: worker },
  },
  {
    what: 'in the very millisecond of its time: PENDING',
    execution: { scheduledAt: now },
    shown: { status: 'PENDING', waiting: worker },
  },
  {
    what: 'paused before its time: SCHEDULED, paused',
    execution: { storedStatus: 'PAUSED' },
    shown: { status: 'SCHEDULED', waiting: paused },
  },
  {
    what: 'paused past its time: SCHEDULED, paused',
    execution: { storedStatus: 'PAUSED', ...due },
    shown: { status: 'SCHEDULED', waiting: paused },
  },
  {
    what: 'with its first attempt waiting for a worker: PENDING',
    execution: { storedStatus: 'PENDING', ...due, pending: waitingAttempt },
    shown: { status: 'PENDING', waiting: worker, progress: null, attempt: 0 },
  },
  {
    what: 'run on request long before its time: PENDING',
    execution: { storedStatus: 'PENDING', scheduledAt: later, pending: waitingAttempt },
    shown: { status: 'PENDING', waiting: worker },
  },
  {
    what: 'with its first attempt started, though nothing has been written: RUNNING with its progress',
    execution: { storedStatus: 'PENDING', ...due, pending: runningAttempt },
    shown: { status: 'RUNNING', waiting: null, progress, attempt: 1, started_at: iso(earlier) },
  },
  {
    what: 'stored PENDING without an attempt, since that has just ended: RUNNING',
    execution: { storedStatus: 'PENDING', ...due },
    shown: { status: 'RUNNING', waiting: null },
  },
  {
    what: 'stored PENDING without an attempt, since that is being withdrawn: PENDING, no step ahead and back',
    execution: { storedStatus: 'PENDING', ...due, memo: { ...memo, withdrawing: true } },
    shown: { status: 'PENDING', waiting: worker },
  },
  {
    what: 'stuck, whatever else it waits for: its status, with that reason',
    execution: { isStuck: true, cancelRequested: true },
    shown: { status: 'SCHEDULED', waiting: { reason: 'stuck' } },
  },
  {
    what: 'with its worker lost and a later try by the server: RUNNING, backoff',
    execution: { storedStatus: 'PENDING', ...due, pending: lostAttempt },
    shown: { status: 'RUNNING', waiting: { reason: 'backoff', until: iso(later) }, attempt: 1 },
  },
  {
    what: 'with its worker lost and the next try due: RUNNING, waiting for a worker',
    execution: { storedStatus: 'PENDING', ...due, pending: { ...lostAttempt, nextAt: now } },
    shown: { status: 'RUNNING', waiting: worker },
  },
  {
    what: 'paused, while its attempt is being withdrawn: paused, not RUNNING',
    execution: { storedStatus: 'PAUSED', ...due, pending: { ...runningAttempt, cancelRequested: true } },
    shown: { status: 'SCHEDULED', waiting: paused, progress: null, attempt: 0 },
  },
  {
    what: 'given a later time, while its attempt is being withdrawn: SCHEDULED',
    execution: { pending: { ...runningAttempt, cancelRequested: true } },
    shown: { status: 'SCHEDULED', waiting: { reason: 'time', until: iso(later) } },
  },
  {
    what: 'in the backoff between attempts: RUNNING, backoff, with the last error',
    execution: {
      storedStatus: 'RUNNING',
      ...due,
      memo: { ...memo, attempt: 1, retry_count: 1, next_attempt_at: iso(later), error_message: 'no luck' },
    },
    shown: {
      status: 'RUNNING',
      waiting: { reason: 'backoff', until: iso(later) },
      attempt: 1,
      retry_count: 1,
      error_message: 'no luck',
    },
  },
  {
    what: 'with its second attempt waiting for a worker: RUNNING',
    execution: {
      storedStatus: 'RUNNING',
      ...due,
      memo: { ...memo, attempt: 1, next_attempt_at: iso(earlier) },
      pending: waitingAttempt,
    },
    shown: { status: 'RUNNING', waiting: worker, attempt: 1 },
  },
  {
    what: 'with its second attempt running: RUNNING, counted as the second, with the start of the first',
    execution: {
      storedStatus: 'RUNNING',
      ...due,
      memo: { ...memo, attempt: 1, started_at: iso(earlier - 5) },
      pending: runningAttempt,
    },
    shown: { status: 'RUNNING', waiting: null, attempt: 2, started_at: iso(earlier - 5), progress },
  },
  {
    what: 'cancelled before its time, with no worker yet: SCHEDULED, cancelling',
    execution: { cancelRequested: true },
    shown: { status: 'SCHEDULED', waiting: { reason: 'cancelling' } },
  },
  {
    what: 'cancelled while its attempt waits: PENDING, cancelling',
    execution: { storedStatus: 'PENDING', ...due, pending: waitingAttempt, cancelRequested: true },
    shown: { status: 'PENDING', waiting: { reason: 'cancelling' } },
  },
  {
    what: 'cancelled while it runs: RUNNING, cancelling, with its progress',
    execution: { storedStatus: 'PENDING', ...due, pending: runningAttempt, cancelRequested: true },
    shown: { status: 'RUNNING', waiting: { reason: 'cancelling' }, progress },
  },
  {
    what: 'cancelled while it is paused: SCHEDULED, cancelling',
    execution: { storedStatus: 'PAUSED', cancelRequested: true },
    shown: { status: 'SCHEDULED', waiting: { reason: 'cancelling' } },
  },
];

describe('an open task as describe returns it', () => {
  test.each(cases.map(({ what, ...rest }) => [what, rest] as const))('%s', (_what, { execution, shown }) => {
    expect(view(live(execution))).toMatchObject(shown);
  });
});

const ended = { closedAt: now, storedStatus: 'PENDING' } as const;
const ending: Ending = {
  result: { done: true },
  errorMessage: null,
  attempts: [],
  attempt: 1,
  startedAt: iso(earlier),
};
const noEnding: Ending = {
  result: null,
  errorMessage: null,
  attempts: [],
  attempt: undefined,
  startedAt: undefined,
};

describe('an ended task', () => {
  test('shows its result, its attempt, and when that started and the task ended', () => {
    expect(view(live({ ...ended, status: 'completed' }), ending)).toMatchObject({
      status: 'COMPLETED',
      waiting: null,
      progress: null,
      result: { done: true },
      error_message: null,
      attempt: 1,
      started_at: iso(earlier),
      finished_at: iso(now),
      updated_at: iso(now),
    });
  });

  test.each([
    ['completed', 'COMPLETED'],
    ['failed', 'FAILED'],
    ['cancelled', 'CANCELLED'],
    ['terminated', 'FAILED'],
    ['timed_out', 'FAILED'],
  ] as const)('whose run was %s shows %s, whatever status was stored last', (status, shown) => {
    for (const storedStatus of ['SCHEDULED', 'PAUSED', 'PENDING', 'RUNNING'] as const) {
      const execution = live({ status, closedAt: now, storedStatus, cancelRequested: true });
      expect(view(execution)).toMatchObject({ status: shown, waiting: null, progress: null });
    }
  });

  test.each([
    ['terminated', 'Terminated from outside'],
    ['timed_out', 'Timed out in Temporal'],
  ] as const)('whose run was %s says so in its error message', (status, message) => {
    expect(view(live({ ...ended, status }), noEnding).error_message).toBe(message);
    expect(view({ ...row, ...ended, status }).error_message).toBe(message);
  });

  test('says why it was terminated, if a reason was given', () => {
    const errorMessage = 'Terminated from outside: by mistake';
    const shown = view(live({ ...ended, status: 'terminated' }), { ...noEnding, errorMessage });
    expect(shown.error_message).toBe(errorMessage);
  });

  test.each(['completed', 'cancelled'] as const)(
    'that was %s does not show the error of an earlier attempt',
    (status) => {
      const execution = live({ ...ended, status, memo: { ...memo, attempt: 1, error_message: 'no luck' } });
      expect(view(execution, noEnding).error_message).toBeNull();
    },
  );

  test('that failed shows the whole error from its close event, and the shortened one from its memo in lists', () => {
    const execution = live({ ...ended, status: 'failed', memo: { ...memo, error_message: 'sho…' } });
    expect(view(execution, { ...noEnding, errorMessage: 'short' }).error_message).toBe('short');
    expect(view(execution).error_message).toBe('sho…');
  });
});

describe('a row in a list', () => {
  test('counts the attempt that succeeded on top of those in the memo', () => {
    const completed = { ...row, ...ended, status: 'completed', memo: { ...memo, attempt: 2 } } as const;
    expect(view(completed).attempt).toBe(3);
    expect(view({ ...completed, status: 'failed' }).attempt).toBe(2);
  });

  test('of a task whose attempt waits or has just started shows PENDING, as stored', () => {
    expect(view({ ...row, ...due, storedStatus: 'PENDING' })).toMatchObject({
      status: 'PENDING',
      waiting: worker,
    });
  });

  test('has what the memo and the search attributes hold, and no link to Temporal', () => {
    expect(view(row)).toMatchObject({
      id: row.id,
      name: 'a task',
      description: 'of some kind',
      type: 'echo',
      tags: ['a', 'b'],
      priority: 2,
      max_retries: 3,
      version: 4,
      owner: 'alice',
      links: { self: `/api/tasks/${row.id}/`, events: `/api/tasks/${row.id}/events/` },
    });
    expect(view(row).links).not.toHaveProperty('temporal');
  });
});

test('a memo that lacks fields, since it is of an earlier version or not ours, is shown with their defaults', () => {
  const { name: _name, retry: _retry, priority: _priority, ...others } = memo;
  expect(view({ ...row, memo: others })).toMatchObject({ name: '', priority: 3, max_retries: 0 });
});

test('a run was created at the time in its id, or at its start if a reset has given it an id without a time', () => {
  const started = { ...row, startedAt: earlier };
  const runId = '01a21f3a-993f-7553-a72f-3fd1a394406f';
  expect(view({ ...started, runId }).run_created_at).toBe(iso(0x01a21f3a993f));
  expect(view({ ...started, runId: '1c751f3c-5990-434a-b710-138bdac14685' }).run_created_at).toBe(
    iso(earlier),
  );
});
