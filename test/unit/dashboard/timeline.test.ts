import { describe, expect, test } from 'vitest';
import type { HistoryEntry } from '../../../src/contract/history.ts';
import type { Attempt } from '../../../src/contract/task.ts';
import { timelineOf } from '../../../src/dashboard/task/timeline.ts';

/** Start of every timeline; tests give times in seconds after it. */
const begin = Date.parse('2030-01-01T00:00:00.000Z');
const ms = (seconds: number): number => begin + seconds * 1000;
const iso = (seconds: number): string => new Date(ms(seconds)).toISOString();
const second = (at: number): number => (at - begin) / 1000;

function entry(at: number, type: HistoryEntry['type'], more: Partial<HistoryEntry> = {}): HistoryEntry {
  return { at: iso(at), type, run_id: 'first', by: null, ...more };
}

/** Returns an attempt's entry as the history has it: from its end, or from its start while it runs. */
function attempt(number: number, from: number, to: number | null, outcome: Attempt['outcome']): HistoryEntry {
  const report = { attempt: number, worker: 'w', outcome, error: null, log: [] };
  const times = { started_at: iso(from), finished_at: to === null ? null : iso(to) };
  return entry(to ?? from, 'attempt', { attempt: { ...report, ...times } });
}

interface Facts {
  readonly due?: number;
  readonly after?: string[];
  readonly policy?: 'completed' | 'any';
}

/** Returns the segments of each run, as `kind from–to`, the open ones with an ellipsis. */
function segmentsOf(
  entries: HistoryEntry[],
  now: number,
  { due = 0, after = [], policy = 'completed' }: Facts = {},
) {
  const facts = { scheduled_time: iso(due), after, after_policy: policy };
  return timelineOf(entries, facts, ms(now)).map(({ segments, end }) => [
    ...segments.map(({ kind, from, to, isOpen, attempt, outcome }) => {
      const name = kind === 'running' ? `attempt ${attempt} ${outcome}` : kind;
      return `${name} ${second(from)}–${isOpen ? '…' : ''}${second(to)}`;
    }),
    ...(end ? [`${end.type} ${second(end.at)}`] : []),
  ]);
}

describe('on its timeline, a task', () => {
  test('has no states without a history', () => {
    expect(segmentsOf([], 5)).toEqual([]);
  });

  test('waits for its scheduled time, up to now', () => {
    expect(segmentsOf([entry(0, 'created')], 5, { due: 60 })).toEqual([['scheduled 0–…5']]);
  });

  test('is due at its time even if no worker has recorded that', () => {
    expect(segmentsOf([entry(0, 'created')], 90, { due: 60 })).toEqual([
      ['scheduled 0–60', 'pending 60–…90'],
    ]);
    const later = [
      entry(0, 'created'),
      entry(80, 'due'),
      attempt(1, 81, 82, 'completed'),
      entry(82, 'completed'),
    ];
    expect(segmentsOf(later, 100, { due: 60 })).toEqual([
      ['scheduled 0–60', 'pending 60–81', 'attempt 1 completed 81–82', 'completed 82'],
    ]);
  });

  test('has no wait for a time that had come when it was created', () => {
    const entries = [entry(0.01, 'created'), entry(0.02, 'due'), attempt(1, 0.5, null, 'running')];
    expect(segmentsOf(entries, 3)).toEqual([['pending 0.01–0.5', 'attempt 1 running 0.5–…3']]);
  });

  test('is paused and resumed, before and past its time', () => {
    const paused = [entry(0, 'created'), entry(10, 'paused')];
    expect(segmentsOf(paused, 90, { due: 60 })).toEqual([['scheduled 0–10', 'paused 10–…90']]);
    expect(segmentsOf([...paused, entry(20, 'resumed')], 30, { due: 60 })).toEqual([
      ['scheduled 0–10', 'paused 10–20', 'scheduled 20–…30'],
    ]);
    const pastItsTime = [...paused, entry(90, 'resumed'), entry(91, 'due'), attempt(1, 92, null, 'running')];
    expect(segmentsOf(pastItsTime, 95, { due: 60 })).toEqual([
      ['scheduled 0–10', 'paused 10–90', 'pending 90–92', 'attempt 1 running 92–…95'],
    ]);
  });

  test('waits no longer after a run-now command', () => {
    const entries = [entry(0, 'created'), entry(10, 'run_now')];
    expect(segmentsOf(entries, 12, { due: 3600 })).toEqual([['scheduled 0–10', 'pending 10–…12']]);
    const started = [...entries, entry(13, 'due'), attempt(1, 14, 15, 'completed'), entry(15, 'completed')];
    expect(segmentsOf(started, 20, { due: 3600 })).toEqual([
      ['scheduled 0–10', 'pending 10–14', 'attempt 1 completed 14–15', 'completed 15'],
    ]);
  });

  test('waits again after an edit that came when it was due, or gave it another time', () => {
    const due = [entry(0, 'created'), entry(5, 'due')];
    const changes = [{ field: 'scheduled_time', from: iso(5), to: iso(60) }];
    expect(segmentsOf([...due, entry(8, 'rescheduled', { changes })], 10, { due: 60 })).toEqual([
      ['scheduled 0–5', 'pending 5–8', 'scheduled 8–…10'],
    ]);
    const ranNow = [entry(0, 'created'), entry(5, 'run_now'), entry(8, 'rescheduled', { changes })];
    expect(segmentsOf(ranNow, 10, { due: 60 })).toEqual([
      ['scheduled 0–5', 'pending 5–8', 'scheduled 8–…10'],
    ]);
  });

  test('backs off between failed attempts, and not after the last', () => {
    const entries = [
      entry(0, 'created'),
      entry(0, 'due'),
      attempt(1, 1, 3, 'failed'),
      attempt(2, 63, 64, 'failed'),
      entry(64.2, 'failed', { error: { type: 'Flaky', message: 'failure 2' } }),
    ];
    expect(segmentsOf(entries.slice(0, 3), 10)).toEqual([
      ['pending 0–1', 'attempt 1 failed 1–3', 'backoff 3–…10'],
    ]);
    expect(segmentsOf(entries, 100)).toEqual([
      ['pending 0–1', 'attempt 1 failed 1–3', 'backoff 3–63', 'attempt 2 failed 63–64', 'failed 64.2'],
    ]);
  });

  test('backs off until the attempt that a run-now command starts', () => {
    const failed = [entry(0, 'created'), entry(0, 'due'), attempt(1, 1, 3, 'failed'), entry(8, 'run_now')];
    expect(segmentsOf([...failed, attempt(2, 9, null, 'running')], 12)).toEqual([
      ['pending 0–1', 'attempt 1 failed 1–3', 'backoff 3–9', 'attempt 2 running 9–…12'],
    ]);
  });

  test.each(['lost', 'handed_back'] as const)(
    'waits for a worker after an attempt that was %s',
    (outcome) => {
      const entries = [entry(0, 'created'), entry(0, 'due'), attempt(1, 1, 4, outcome)];
      expect(segmentsOf(entries, 9)).toEqual([['pending 0–1', `attempt 1 ${outcome} 1–4`, 'pending 4–…9']]);
      expect(segmentsOf([...entries, attempt(2, 30, null, 'running')], 31)).toEqual([
        ['pending 0–1', `attempt 1 ${outcome} 1–4`, 'pending 4–30', 'attempt 2 running 30–…31'],
      ]);
    },
  );

  test('ends where it was cancelled: in a wait, in a backoff or in an attempt', () => {
    const cancel = (at: number) => [entry(at, 'cancel_requested'), entry(at + 1, 'cancelled')];
    expect(segmentsOf([entry(0, 'created'), ...cancel(5)], 100, { due: 60 })).toEqual([
      ['scheduled 0–6', 'cancelled 6'],
    ]);
    const failed = [entry(0, 'created'), entry(0, 'due'), attempt(1, 1, 3, 'failed')];
    expect(segmentsOf([...failed, ...cancel(10)], 100)).toEqual([
      ['pending 0–1', 'attempt 1 failed 1–3', 'backoff 3–11', 'cancelled 11'],
    ]);
    const running = [
      entry(0, 'created'),
      entry(0, 'due'),
      entry(5, 'cancel_requested'),
      attempt(1, 1, 6, 'cancelled'),
      entry(6, 'cancelled'),
    ];
    expect(segmentsOf(running, 100)).toEqual([['pending 0–1', 'attempt 1 cancelled 1–6', 'cancelled 6']]);
  });

  test('ends where it was terminated from outside', () => {
    expect(segmentsOf([entry(0, 'created'), entry(5, 'terminated')], 100, { due: 60 })).toEqual([
      ['scheduled 0–5', 'terminated 5'],
    ]);
  });

  test('waits for its predecessors until the last of them has ended, and then for its own time', () => {
    const predecessorEnd = (at: number, id: string, ended: 'COMPLETED' | 'FAILED') =>
      entry(at, 'predecessor_over', { predecessor: { id, ended } });
    const after = ['a', 'b'];
    const first = [entry(0, 'created'), predecessorEnd(5, 'a', 'COMPLETED')];
    expect(segmentsOf(first, 9, { due: 60, after })).toEqual([['after 0–…9']]);
    expect(segmentsOf([...first, predecessorEnd(10, 'b', 'COMPLETED')], 20, { due: 60, after })).toEqual([
      ['after 0–10', 'scheduled 10–…20'],
    ]);
    // A failed predecessor forbids it to run, unless its policy accepts any end.
    expect(
      segmentsOf([...first, predecessorEnd(10, 'b', 'FAILED')], 20, { due: 0, after, policy: 'any' }),
    ).toEqual([['after 0–10', 'pending 10–…20']]);
    expect(
      segmentsOf([...first, predecessorEnd(10, 'b', 'FAILED'), entry(11, 'failed')], 20, { after }),
    ).toEqual([['after 0–11', 'failed 11']]);
  });

  test('has a separate run for each retry, which does not wait for predecessors again', () => {
    const second = (at: number, type: HistoryEntry['type']) => entry(at, type, { run_id: 'second' });
    const entries = [
      entry(0, 'created'),
      entry(2, 'predecessor_over', { predecessor: { id: 'a', ended: 'COMPLETED' } }),
      entry(3, 'due'),
      attempt(1, 4, 5, 'failed'),
      entry(5, 'failed'),
      second(20, 'retried'),
      second(21, 'due'),
      { ...attempt(1, 22, null, 'running'), run_id: 'second' },
    ];
    expect(segmentsOf(entries, 25, { due: 20, after: ['a'] })).toEqual([
      ['after 0–2', 'scheduled 2–3', 'pending 3–4', 'attempt 1 failed 4–5', 'failed 5'],
      ['pending 20–22', 'attempt 1 running 22–…25'],
    ]);
  });

  test('never goes backwards, whatever the clocks say', () => {
    const entries = [entry(0, 'created'), entry(3, 'due'), attempt(1, 2, 1, 'failed')];
    const [run] = timelineOf(entries, { scheduled_time: iso(0), after: [], after_policy: 'any' }, ms(-5));
    expect(run?.segments.every(({ from, to }) => to >= from)).toBe(true);
  });
});
