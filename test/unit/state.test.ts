import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StoredStatus } from '../../src/contract/names.ts';
import type { RetryPolicy } from '../../src/contract/retry-policy.ts';
import type { AttemptReport, TaskEdit, TaskInput } from '../../src/contract/workflow.ts';
import type { TaskSpec } from '../../src/contract/spec.ts';
import {
  applyEdit,
  attemptStarted,
  attemptCancelled,
  attemptFailed,
  attemptInterrupted,
  attemptMoved,
  attemptWithdrawn,
  becomeDue,
  dueAt,
  editRejection,
  endBackoff,
  type FailedAttempt,
  initialState,
  applyCommand,
  type TaskState,
  timeLeft,
} from '../../workflows/state.ts';
import { aTaskInput } from '../support/task.ts';

const start = Date.parse('2030-01-01T00:00:00.000Z');

const input = aTaskInput({ scheduled_time: new Date(start + 60_000).toISOString() });

function scheduled(changes: Partial<TaskInput> = {}): TaskState {
  return initialState({ ...input, ...changes }, start);
}

function stateIn(status: StoredStatus): TaskState {
  return { ...scheduled(), status };
}

function edit(
  changes: Partial<TaskSpec> = {},
  from: Pick<TaskState, 'spec' | 'version'> = scheduled(),
): TaskEdit {
  return {
    spec: { ...from.spec, ...changes },
    changed: Object.keys(changes) as (keyof TaskSpec)[],
    by: 'o',
    expected_version: from.version,
    not_after: new Date(start + 10 * year).toISOString(),
  };
}

const year = 366 * 86_400_000;

function failure(attempt: number, changes: Partial<FailedAttempt> = {}): FailedAttempt {
  return { report: report(attempt), retryable: true, retryAfterMs: 0, checkpoint: null, ...changes };
}

function report(attempt: number, log: readonly string[] = []): AttemptReport {
  const at = new Date(start).toISOString();
  const error = { type: 'Flaky', message: 'no luck' };
  return { attempt, started_at: at, finished_at: at, worker: 'w', outcome: 'failed', error, log };
}

const commands = ['pause', 'resume', 'run-now'] as const;
type CommandName = (typeof commands)[number];

type Action =
  | { readonly kind: 'command'; readonly command: CommandName }
  | { readonly kind: 'edit'; readonly changes: Partial<TaskSpec>; readonly versionOff: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'proceed' }
  | { readonly kind: 'started' }
  | { readonly kind: 'withdrawn' }
  | {
      readonly kind: 'failed';
      readonly retryable: boolean;
      readonly retryAfterMs: number;
      readonly random: number;
    };

/** Applies actions to the state as workflows/task.ts does, and checks every step. */
class Walk {
  state: TaskState;
  now = start;
  /** The attempt that is running; it continues for a while after it has been withdrawn. */
  attempt: { readonly number: number; withdrawn: boolean } | undefined;
  retriesGranted = 0;
  ended = false;

  constructor(retry: RetryPolicy) {
    this.state = scheduled({ retry });
  }

  take(action: Action): void {
    if (this.ended) return;
    switch (action.kind) {
      case 'command':
        return this.step(
          action.kind,
          applyCommand(this.state, { command: action.command, by: 'o' }, this.now),
        );
      case 'edit':
        return this.edit(action);
      case 'wait':
        this.now += action.ms;
        return undefined;
      case 'proceed':
        return this.proceed();
      case 'started': {
        if (!this.attempt) return undefined;
        const started = { attempt: this.attempt.number, started_at: new Date(this.now).toISOString() };
        return this.step(action.kind, attemptStarted(this.state, started, this.now));
      }
      case 'withdrawn':
        if (this.attempt?.withdrawn) this.attempt = undefined;
        return undefined;
      case 'failed':
        return this.fail(action);
    }
  }

  private edit({ changes, versionOff }: Extract<Action, { kind: 'edit' }>): void {
    const request = edit(changes, { spec: this.state.spec, version: this.state.version + versionOff });
    if (editRejection(this.state, request, this.now) !== undefined) return;
    this.step('edit', applyEdit(this.state, request, this.now));
  }

  private proceed(): void {
    if (this.attempt) return;
    const { status, nextAttemptAt, attempt } = this.state;
    const due =
      status === 'RUNNING'
        ? nextAttemptAt === null || nextAttemptAt <= this.now
        : status === 'SCHEDULED' && timeLeft(this.state, this.now) <= 0;
    if (!due) return;
    if (status !== 'RUNNING') this.step('becomeDue', becomeDue(this.state, this.now));
    this.step('endBackoff', endBackoff(this.state));
    this.attempt = { number: attempt + 1, withdrawn: false };
  }

  private fail({ retryable, retryAfterMs, random }: Extract<Action, { kind: 'failed' }>): void {
    if (!this.attempt) return;
    const failed = failure(this.attempt.number, { retryable, retryAfterMs });
    this.attempt = undefined;
    const before = this.state;
    this.step('failed', attemptFailed(before, failed, this.now, random));
    const granted = this.state.nextAttemptAt !== null;
    if (granted) this.retriesGranted += 1;
    this.ended = !granted;
    expect(granted).toBe(retryable && before.retriesLeft > 0);
  }

  private step(by: string, next: TaskState): void {
    const before = this.state;
    this.state = next;
    if (next.status === 'SCHEDULED' || next.status === 'PAUSED') {
      if (this.attempt) this.attempt.withdrawn = true;
    }
    if (next === before) return;
    expectDocumentedArrow(by, before.status, next.status);
    expectVersionOfWrite(before, next);
    expect(next.attempt).toBeGreaterThanOrEqual(by === 'failed' ? before.attempt : 0);
    expect(next.nextAttemptAt === null || next.status === 'RUNNING').toBe(true);
  }
}

const arrows = new Set([
  'SCHEDULED → PAUSED',
  'PAUSED → SCHEDULED',
  'SCHEDULED → PENDING',
  'PENDING → SCHEDULED',
  'PENDING → PAUSED',
  'PENDING → RUNNING',
]);

function expectDocumentedArrow(by: string, from: StoredStatus, to: StoredStatus): void {
  if (from === to) return;
  // A pause or an edit that came too late to withdraw its attempt: the attempt counts.
  if (by === 'failed' && to === 'RUNNING') return;
  expect(arrows).toContain(`${from} → ${to}`);
}

/** Checks that each write of what lists show has its own version. What only an attempt changes need not. */
function expectVersionOfWrite(before: TaskState, next: TaskState): void {
  const { version, updatedAt, attempt, nextAttemptAt, ...written } = next;
  const isWrite =
    !fcEqual(written, before) || (nextAttemptAt !== before.nextAttemptAt && nextAttemptAt !== null);
  if (isWrite) expect(version).toBe(before.version + 1);
  else expect([before.version, before.version + 1]).toContain(version);
  if (version === before.version) expect(updatedAt).toBe(before.updatedAt);
  expect(attempt).toBeGreaterThanOrEqual(before.attempt);
}

function fcEqual(some: Partial<TaskState>, all: TaskState): boolean {
  return Object.entries(some).every(([key, value]) => value === all[key as keyof TaskState]);
}

const retryPolicies: fc.Arbitrary<RetryPolicy> = fc.record({
  max_retries: fc.integer({ min: 0, max: 5 }),
  initial_interval: fc.double({ min: 0.1, max: 100, noNaN: true }),
  backoff_coefficient: fc.double({ min: 1, max: 100, noNaN: true }),
  maximum_interval: fc.double({ min: 0.1, max: 3600, noNaN: true }),
});

const actions: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: fc.constant('command' as const), command: fc.constantFrom(...commands) }),
  fc.record({
    kind: fc.constant('edit' as const),
    versionOff: fc.constantFrom(0, 0, 0, -1, 1),
    changes: fc.record(
      {
        name: fc.string(),
        scheduled_time: fc
          .integer({ min: 0, max: 200_000 })
          .map((after) => new Date(start + after).toISOString()),
        retry: retryPolicies,
      },
      { requiredKeys: [] },
    ),
  }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 100_000 }) }),
  fc.constant({ kind: 'proceed' as const }),
  fc.constant({ kind: 'proceed' as const }),
  fc.constant({ kind: 'started' as const }),
  fc.constant({ kind: 'withdrawn' as const }),
  fc.record({
    kind: fc.constant('failed' as const),
    retryable: fc.boolean(),
    retryAfterMs: fc.integer({ min: 0, max: 50_000 }),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  }),
);

describe('the state of a task', () => {
  test('changes only along the documented transitions, and its version rises by one with every write', () => {
    const walks = fc.property(retryPolicies, fc.array(actions, { maxLength: 60 }), (retry, taken) => {
      const walk = new Walk(retry);
      for (const action of taken) walk.take(action);
      expect(walk.state.retryCount).toBe(walk.retriesGranted);
      expect(walk.retriesGranted).toBeLessThanOrEqual(walk.state.spec.retry.max_retries);
      expect(walk.state.retriesLeft + walk.retriesGranted).toBe(walk.state.spec.retry.max_retries);
    });
    fc.assert(walks, { numRuns: 2000 });
  });

  test('is not changed by a command that comes too late', () => {
    for (const state of [stateIn('RUNNING'), { ...stateIn('RUNNING'), attempt: 2 }]) {
      for (const command of commands) expect(applyCommand(state, { command, by: 'o' }, start)).toBe(state);
    }
    const backingOff = { ...stateIn('RUNNING'), nextAttemptAt: start + 1000 };
    for (const command of ['pause', 'resume'] as const) {
      expect(applyCommand(backingOff, { command, by: 'o' }, start)).toBe(backingOff);
    }
  });

  test('is not changed by a pause while it is paused or a resume while it is not', () => {
    const paused = stateIn('PAUSED');
    expect(applyCommand(paused, { command: 'pause', by: 'o' }, start)).toBe(paused);
    for (const status of ['SCHEDULED', 'PENDING'] as const) {
      const state = stateIn(status);
      expect(applyCommand(state, { command: 'resume', by: 'o' }, start)).toBe(state);
    }
  });

  test('has been due since its scheduled time, however late its workflow runs', () => {
    const late = start + 3_600_000;
    expect(dueAt(becomeDue(initialState(input, late), late), input, late)).toBe(input.scheduled_time);
    // On the quick lane, nothing is written when it becomes due.
    expect(dueAt(initialState(input, late), input, late)).toBe(input.scheduled_time);
  });

  test.each([
    ['it was run early', [{ command: 'run-now', by: 'o' }]],
    [
      'it was resumed after its time',
      [
        { command: 'pause', by: 'o' },
        { command: 'resume', by: 'o' },
      ],
    ],
  ] as const)('has been due since then if %s', (_what, commands) => {
    let state = scheduled();
    for (const command of commands) state = applyCommand(state, command, start + 90_000);
    const now = start + 90_000;
    for (const due of [state, becomeDue(state, now)])
      expect(dueAt(due, input, now)).toBe(new Date(now).toISOString());
  });

  test('becomes due only once, and never while it is paused', () => {
    const pending = becomeDue(scheduled(), start);
    expect(pending).toMatchObject({ status: 'PENDING', version: 2 });
    expect(becomeDue(pending, start)).toBe(pending);
    const paused = stateIn('PAUSED');
    expect(becomeDue(paused, start)).toBe(paused);
  });

  test('does not become RUNNING through an attempt that has been withdrawn', () => {
    for (const status of ['PAUSED', 'SCHEDULED'] as const) {
      const state = stateIn(status);
      expect(attemptStarted(state, { attempt: 1, started_at: '' }, start)).toBe(state);
    }
  });

  test('is not changed by the start of an attempt that it already knows of', () => {
    const failed = attemptFailed(becomeDue(scheduled(), start), failure(1), start, 0.5);
    expect(attemptStarted(failed, { attempt: 1, started_at: '' }, start)).toBe(failed);
  });

  test('counts a later attempt when it starts, without a write', () => {
    const failed = attemptFailed(becomeDue(scheduled(), start), failure(1), start, 0.5);
    const started = attemptStarted(endBackoff(failed), { attempt: 2, started_at: '' }, start + 5);
    expect(started).toMatchObject({ attempt: 2, version: failed.version, updatedAt: failed.updatedAt });
  });

  test('keeps the start of its first attempt and the last checkpoint', () => {
    const pending = becomeDue(scheduled(), start);
    const started = attemptStarted(pending, { attempt: 1, started_at: 'first' }, start);
    const once = attemptFailed(started, failure(1, { checkpoint: { row: 7 } }), start, 0.5);
    const twice = attemptFailed(endBackoff(once), failure(2), start, 0.5);
    expect(twice).toMatchObject({ started_at: 'first', checkpoint: { row: 7 }, attempt: 2, retryCount: 2 });
  });

  test('runs before its time on request, unless an edit then gives it another time', () => {
    const asked = applyCommand(scheduled(), { command: 'run-now', by: 'o' }, start);
    expect(timeLeft(asked, start)).toBe(0);
    expect(timeLeft(applyEdit(asked, edit({ name: 'new' }, asked), start), start)).toBe(0);
    const later = new Date(start + 5000).toISOString();
    expect(timeLeft(applyEdit(asked, edit({ scheduled_time: later }, asked), start), start)).toBe(5000);
  });

  test('ends a backoff at once on a run-now command', () => {
    const failed = attemptFailed(becomeDue(scheduled(), start), failure(1), start, 0.5);
    const asked = applyCommand(failed, { command: 'run-now', by: 'o' }, start + 1);
    expect(asked).toMatchObject({ status: 'RUNNING', nextAttemptAt: start + 1, version: failed.version + 1 });
  });

  test('counts retries on from the previous run, and allows the full number of retries again', () => {
    let state = scheduled({ retry_count: 7, version: 20, retry: { ...input.retry, max_retries: 2 } });
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      state = attemptFailed(endBackoff(state), failure(attempt), start, 0.5);
    }
    expect(state).toMatchObject({ retryCount: 9, retriesLeft: 0, nextAttemptAt: null, attempt: 3 });
    expect(state.version).toBe(23);
  });

  test('records an attempt that a cancellation has ended, without a write', () => {
    const running = stateIn('RUNNING');
    const cancelled = attemptCancelled(running, report(1));
    expect(cancelled).toMatchObject({ attempt: 1, version: running.version, status: 'RUNNING' });
    expect(cancelled.attempts).toHaveLength(1);
  });
});

describe('attempts that were lost or handed back', () => {
  const lost = (attempt: number): AttemptReport => ({ ...report(attempt), outcome: 'lost', error: null });
  const running = stateIn('RUNNING');

  test('are kept separately, without a write, and join the others once the activity is over', () => {
    const interrupted = attemptInterrupted(attemptInterrupted(running, lost(1)), lost(2));
    expect(interrupted).toMatchObject({ version: running.version, attempt: running.attempt, attempts: [] });
    const failed = attemptFailed(interrupted, failure(3), start, 0.5);
    expect(failed.attempts.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, 'lost'],
      [2, 'lost'],
      [3, 'failed'],
    ]);
    expect(failed).toMatchObject({ interrupted: [], attempt: 3, retryCount: 1 });
  });

  test('count once, however often they are reported, in the order of their numbers', () => {
    const interrupted = [lost(2), lost(1), lost(2)].reduce(attemptInterrupted, running);
    const failed = attemptFailed(interrupted, failure(2), start, 0.5);
    expect(failed.attempts.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, 'lost'],
      [2, 'failed'],
    ]);
  });

  test('are kept when the task is cancelled before the next one has started', () => {
    const cancelled = attemptCancelled(attemptInterrupted(running, lost(1)), undefined);
    expect(cancelled).toMatchObject({ attempt: 1, attempts: [{ outcome: 'lost' }], interrupted: [] });
    expect(attemptCancelled(running, undefined)).toBe(running);
  });

  test('are kept and still count when the attempt after them is withdrawn', () => {
    const pending = attemptInterrupted(becomeDue(scheduled(), start), lost(1));
    const withdrawn = attemptWithdrawn(applyCommand(pending, { command: 'pause', by: 'alice' }, start));
    expect(withdrawn).toMatchObject({ status: 'PAUSED', attempt: 1, interrupted: [] });
    expect(withdrawn.attempts).toMatchObject([{ attempt: 1, outcome: 'lost' }]);
    expect(attemptWithdrawn(running)).toBe(running);
  });

  test('set the start of the task', () => {
    const early = { ...lost(1), started_at: 'early' };
    const pending = attemptInterrupted(becomeDue(scheduled(), start), early);
    expect(attemptFailed(pending, failure(2), start, 0.5).started_at).toBe('early');
  });
});

test('checkpoints are passed on to later attempts until they would fill the event history', () => {
  const large = 'x'.repeat(250 * 1024);
  let state = scheduled({ retry: { ...input.retry, max_retries: 100 } });
  const kept: boolean[] = [];
  for (let attempt = 1; attempt <= 100; attempt += 1) {
    state = attemptFailed(endBackoff(state), failure(attempt, { checkpoint: large }), start, 0);
    kept.push(state.checkpoint !== null);
  }
  // After 8 MiB of checkpoints.
  expect(kept.lastIndexOf(true)).toBe(31);
  expect(kept.indexOf(false)).toBe(32);
});

describe('the backoff', () => {
  test('stays within ±10 % of initial·coefficientⁿ up to the maximum, and never below Retry-After', () => {
    const backoffs = fc.property(
      retryPolicies,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 0, max: 10_000_000 }),
      (retry, random, retryAfterMs) => {
        let state = becomeDue(scheduled({ retry }), start);
        for (let n = 0; n < retry.max_retries; n += 1) {
          state = attemptFailed(endBackoff(state), failure(n + 1, { retryAfterMs }), start, random);
          const delay = (state.nextAttemptAt ?? 0) - start;
          const ideal =
            1000 * Math.min(retry.initial_interval * retry.backoff_coefficient ** n, retry.maximum_interval);
          expect(delay).toBeGreaterThanOrEqual(Math.max(retryAfterMs, Math.floor(ideal * 0.9)));
          expect(delay).toBeLessThanOrEqual(Math.max(retryAfterMs, Math.ceil(ideal * 1.1)));
        }
        expect(attemptFailed(state, failure(99), start, random).nextAttemptAt).toBeNull();
      },
    );
    fc.assert(backoffs);
  });

  test('spreads over the whole range of its jitter', () => {
    const delay = (random: number) =>
      (attemptFailed(scheduled(), failure(1), start, random).nextAttemptAt ?? 0) - start;
    expect([delay(0), delay(0.5), delay(1)]).toEqual([54_000, 60_000, 66_000]);
  });

  test('is the maximum when the coefficient overflows', () => {
    const retry = {
      max_retries: 100,
      initial_interval: 1e6,
      backoff_coefficient: 100,
      maximum_interval: 3600,
    };
    const state = { ...scheduled({ retry }), retriesLeft: 1 };
    expect(attemptFailed(state, failure(100), start, 0.5).nextAttemptAt).toBe(start + 3_600_000);
  });
});

describe("the attempts' reports", () => {
  test('keep every outcome, but only the latest logs within 128 Ki characters', () => {
    const line = fc
      .tuple(fc.string({ maxLength: 3 }), fc.nat(20_000))
      .map(([text, times]) => text.repeat(times));
    const failures = fc.array(fc.array(line, { maxLength: 3 }), { maxLength: 20 });
    const bounded = fc.property(failures, (all) => {
      let state = scheduled({ retry: { ...input.retry, max_retries: 100 } });
      all.forEach((log, index) => {
        const attempt = index + 1;
        state = attemptFailed(
          endBackoff(state),
          failure(attempt, { report: report(attempt, log) }),
          start,
          0,
        );
      });
      expect(state.attempts.map(({ attempt }) => attempt)).toEqual(all.map((_, index) => index + 1));
      expect(logLength(state.attempts)).toBeLessThanOrEqual(128 * 1024);
      const cut = state.attempts.findLastIndex(({ log }, index) => log.length < (all[index]?.length ?? 0));
      for (const [index, { log }] of state.attempts.entries()) {
        expect(log).toEqual(index > cut ? all[index] : []);
      }
    });
    fc.assert(bounded, { numRuns: 50 });
  });

  test('keep the logs of recent attempts when an early log fills that room', () => {
    const long = report(1, ['x'.repeat(130 * 1024)]);
    const first = attemptFailed(scheduled(), failure(1, { report: long }), start, 0);
    const second = attemptFailed(first, failure(2, { report: report(2, ['short']) }), start, 0);
    expect(second.attempts.map(({ log }) => log)).toEqual([[], ['short']]);
  });
});

function logLength(attempts: readonly AttemptReport[]): number {
  return attempts.flatMap(({ log }) => log).reduce((sum, line) => sum + line.length, 0);
}

describe('an edit', () => {
  const late = (changes: Partial<TaskEdit>): TaskEdit => ({ ...edit(), ...changes });
  const expired = { not_after: new Date(start - 1).toISOString() };

  test('is checked first for its expiry, then against the state, then against the version', () => {
    const running = stateIn('RUNNING');
    expect(editRejection(running, late({ ...expired, expected_version: 9 }), start)).toBe('expired');
    expect(editRejection(running, late({ expected_version: 9 }), start)).toBe('wrong_state');
    expect(editRejection(scheduled(), late({ expected_version: 9 }), start)).toBe('stale_version');
    expect(editRejection(scheduled(), late(expired), start)).toBe('expired');
  });

  test('is allowed in every state before the first attempt, with the right version or none', () => {
    for (const status of ['SCHEDULED', 'PAUSED', 'PENDING'] as const) {
      expect(editRejection(stateIn(status), edit(), start)).toBeUndefined();
      expect(editRejection(stateIn(status), late({ expected_version: 1 }), start)).toBeUndefined();
    }
  });

  test('has not expired in its very last millisecond', () => {
    const now = { not_after: new Date(start).toISOString() };
    expect(editRejection(scheduled(), late(now), start)).toBeUndefined();
  });

  test('returns a pending task to SCHEDULED, and keeps a paused one paused', () => {
    expect(applyEdit(stateIn('PENDING'), edit({ name: 'n' }), start).status).toBe('SCHEDULED');
    expect(applyEdit(stateIn('PAUSED'), edit({ name: 'n' }), start).status).toBe('PAUSED');
  });

  test('changes the fields that it names and nothing else', () => {
    const after = applyEdit(scheduled(), edit({ name: 'n' }), start + 5);
    expect(after.spec).toEqual({ ...scheduled().spec, name: 'n' });
    expect(after).toMatchObject({ version: 2, updatedAt: start + 5, status: 'SCHEDULED' });
  });

  test('of the retry policy grants the new number of retries', () => {
    const after = applyEdit(scheduled(), edit({ retry: { ...input.retry, max_retries: 9 } }), start);
    expect(after.retriesLeft).toBe(9);
  });
});

describe('a run on the quick lane', () => {
  const quick = scheduled({ quick: true });

  test('stays there through failures, and on the ordinary lane once it has left it', () => {
    expect(scheduled().lane).toBe('ordinary');
    expect(attemptFailed(quick, failure(1), start, 0.5)).toMatchObject({ lane: 'quick', status: 'RUNNING' });
    const busy = attemptMoved(quick, { moved: true, reason: 'busy' }, start);
    expect(busy).toEqual({ ...quick, lane: 'ordinary', hasMoved: true });
    expect(applyEdit(busy, { ...edit(), quick: true }, start).lane).toBe('ordinary');
    expect(attemptFailed(busy, failure(1), start, 0.5).lane).toBe('ordinary');
  });

  test('that is moved after its attempt has begun keeps report and checkpoint, and all its retries', () => {
    const moved = { moved: true, reason: 'too long', report: report(1), checkpoint: { at: 7 } } as const;
    expect(attemptMoved(quick, moved, start)).toMatchObject({
      status: 'RUNNING',
      attempt: 1,
      attempts: [report(1)],
      checkpoint: { at: 7 },
      retriesLeft: quick.retriesLeft,
      version: quick.version + 1,
    });
  });

  test('takes the lane of the payload that an edit gives it', () => {
    expect(applyEdit(quick, edit(), start).lane).toBe('ordinary');
    expect(applyEdit(scheduled(), { ...edit(), quick: true }, start).lane).toBe('quick');
  });
});
