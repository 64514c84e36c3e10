import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AttemptRecord } from '../../activities/attempt-record.ts';
import { type DispatchedTry, type EarlierTries, earlierTries } from '../../activities/earlier-tries.ts';
import type { JsonValue } from '../../src/contract/json.ts';
import type { AttemptHeartbeat, AttemptReport } from '../../src/contract/workflow.ts';

const scheduledAt = '2030-01-01T00:00:00.000Z';
const nothingBefore = { prior_attempts: 0, checkpoint: null };

/** Returns the `attempt`th try as the server hands it out, with the last heartbeat it has of the activity. */
function dispatched(attempt: number, last?: AttemptHeartbeat): DispatchedTry {
  return { attempt, scheduledTimestampMs: Date.parse(scheduledAt), heartbeatDetails: last };
}

function recordOf(tries: EarlierTries, worker = 'worker'): AttemptRecord {
  return new AttemptRecord({ ...tries, startedAt: Date.now(), worker }, () => undefined);
}

/** Reports the attempt's end. @returns its last heartbeat. */
function reportedEnd(
  record: AttemptRecord,
  attempt: number,
  outcome: 'lost' | 'handed_back',
): AttemptHeartbeat {
  record.reported(attempt);
  return record.lastHeartbeat(outcome);
}

function numbersOf({ unreported }: EarlierTries): number[] {
  return unreported.map(({ attempt }) => attempt);
}

describe('the first try', () => {
  test('has no tries before it', () => {
    expect(earlierTries(dispatched(1), nothingBefore)).toEqual({
      attempt: 1,
      checkpoint: null,
      progress: null,
      handedBack: 0,
      deferred: 0,
      lost: 0,
      blamed: 0,
      unheard: 0,
      reported: 0,
      unreported: [],
    });
  });

  test('after failed attempts continues their numbers, and starts from their checkpoint', () => {
    const tries = earlierTries(dispatched(1), { prior_attempts: 3, checkpoint: { row: 7 } });
    expect(tries).toMatchObject({ attempt: 4, lost: 0, unreported: [], checkpoint: { row: 7 } });
  });
});

describe('after the loss of a worker', () => {
  test('that had sent a heartbeat, its attempt is reported as of that heartbeat', () => {
    const first = recordOf(
      earlierTries(dispatched(1), { prior_attempts: 3, checkpoint: 'older' }),
      'worker 1',
    );
    first.take({ log: ['a line'], progress: { percent: 40, message: 'reading' }, checkpoint: '{"row":7}' });
    const heartbeat = first.heartbeat();
    // Never sent.
    first.take({ log: ['another line'], checkpoint: '{"row":8}' });

    const tries = earlierTries(dispatched(2, heartbeat), { prior_attempts: 3, checkpoint: 'older' });
    expect(tries).toMatchObject({
      attempt: 5,
      lost: 1,
      handedBack: 0,
      checkpoint: { row: 7 },
      progress: { percent: 40, message: 'reading' },
    });
    const { started_at, finished_at } = first.report('completed', null);
    expect(tries.unreported).toEqual([
      {
        attempt: 4,
        started_at,
        finished_at: heartbeat.current?.heard_at,
        worker: 'worker 1',
        outcome: 'lost',
        error: { type: 'WorkerLost', message: 'The worker was lost while it ran this attempt' },
        log: ['a line'],
      },
    ]);
    expect(Date.parse(finished_at)).toBeGreaterThanOrEqual(
      Date.parse(tries.unreported[0]?.finished_at ?? ''),
    );
  });

  test('that had sent no heartbeat, its attempt is reported with what the server knows', () => {
    const tries = earlierTries(dispatched(2), { prior_attempts: 1, checkpoint: 'older' });
    expect(tries).toMatchObject({ attempt: 3, lost: 1, checkpoint: 'older', progress: null });
    expect(tries.unreported).toMatchObject([
      { attempt: 2, started_at: scheduledAt, finished_at: scheduledAt, worker: '', outcome: 'lost', log: [] },
    ]);
  });

  test('several times without a heartbeat, each attempt is reported, the oldest first', () => {
    const tries = earlierTries(dispatched(4), { prior_attempts: 2, checkpoint: null });
    expect(tries).toMatchObject({ attempt: 6, lost: 3 });
    expect(numbersOf(tries)).toEqual([3, 4, 5]);
  });

  test('and of another one without a heartbeat, each attempt keeps what is known of it', () => {
    const first = recordOf(earlierTries(dispatched(1), nothingBefore), 'worker 1');
    const tries = earlierTries(dispatched(3, first.heartbeat()), nothingBefore);
    expect(tries).toMatchObject({ attempt: 3, lost: 2 });
    expect(tries.unreported).toMatchObject([
      { attempt: 1, worker: 'worker 1' },
      { attempt: 2, worker: '' },
    ]);
  });

  test('or only of its handler process, the loss has already been reported, and counts', () => {
    const first = recordOf(earlierTries(dispatched(1), nothingBefore));
    const tries = earlierTries(dispatched(2, reportedEnd(first, 1, 'lost')), nothingBefore);
    expect(tries).toMatchObject({ attempt: 2, lost: 1, handedBack: 0, unreported: [] });
  });
});

describe('a loss', () => {
  const lostAfter = (ms: number): AttemptHeartbeat => {
    const first = recordOf({ ...earlierTries(dispatched(4), nothingBefore), blamed: 3 }).heartbeat();
    const current = first.current && { ...first.current };
    if (!current) throw new Error('A running attempt says so in its heartbeat');
    const heardAt = new Date(Date.parse(current.started_at) + ms).toISOString();
    return { ...first, current: { ...current, heard_at: heardAt } };
  };

  test('counts against the task if its attempt was heard of', () => {
    expect(earlierTries(dispatched(5, lostAfter(5000)), nothingBefore)).toMatchObject({ lost: 4, blamed: 4 });
  });

  test('does not count if no worker was heard of, as when it was lost before the task reached it', () => {
    expect(earlierTries(dispatched(4), nothingBefore)).toMatchObject({ lost: 3, blamed: 0 });
    expect(earlierTries(dispatched(4), nothingBefore)).toMatchObject({ unheard: 3 });
    const heard = earlierTries(dispatched(8, lostAfter(5000)), nothingBefore);
    expect(heard).toMatchObject({ lost: 7, blamed: 4, unheard: 3 });
  });

  test('after an hour of run time is the first one that counts', () => {
    expect(earlierTries(dispatched(5, lostAfter(3_600_000)), nothingBefore)).toMatchObject({ blamed: 1 });
  });

  test('of a handler process counts, a hand-back does not', () => {
    const first = recordOf(earlierTries(dispatched(1), nothingBefore));
    const after = (outcome: 'lost' | 'handed_back') =>
      earlierTries(dispatched(2, reportedEnd(first, 1, outcome)), nothingBefore).blamed;
    expect([after('lost'), after('handed_back')]).toEqual([1, 0]);
  });

  test('does not count twice when attempts are deferred after it', () => {
    const second = recordOf(earlierTries(dispatched(5, lostAfter(5000)), nothingBefore));
    const third = earlierTries(dispatched(6, second.deferral()), nothingBefore);
    expect(third).toMatchObject({ lost: 4, blamed: 4, deferred: 1 });
  });
});

describe('after a hand-back', () => {
  test('nothing is lost or left to report, and the next attempt continues from the checkpoint', () => {
    const first = recordOf(earlierTries(dispatched(1), nothingBefore));
    first.take({ checkpoint: '[1]' });
    const tries = earlierTries(dispatched(2, reportedEnd(first, 1, 'handed_back')), nothingBefore);
    expect(tries).toMatchObject({ attempt: 2, lost: 0, handedBack: 1, unreported: [], checkpoint: [1] });
  });

  test('that could not be reported, its attempt is reported with its log, and is not a loss', () => {
    const first = recordOf(earlierTries(dispatched(1), nothingBefore), 'worker 1');
    first.take({ log: ['a line'] });
    const tries = earlierTries(dispatched(2, first.lastHeartbeat('handed_back')), nothingBefore);
    expect(tries).toMatchObject({ attempt: 2, lost: 0, handedBack: 1 });
    expect(tries.unreported).toMatchObject([{ attempt: 1, worker: 'worker 1', log: ['a line'] }]);
  });

  test('and then a loss without a heartbeat, only the second attempt is lost', () => {
    const first = recordOf(earlierTries(dispatched(1), nothingBefore));
    const tries = earlierTries(dispatched(3, reportedEnd(first, 1, 'handed_back')), nothingBefore);
    expect(tries).toMatchObject({ attempt: 3, lost: 1, handedBack: 1 });
    expect(tries.unreported).toMatchObject([{ attempt: 2, worker: '', log: [] }]);
  });
});

test('a deferred try counts neither as an attempt nor as a loss', () => {
  const third = recordOf(earlierTries(dispatched(3), nothingBefore));
  third.reported(2);
  const tries = earlierTries(dispatched(4, third.deferral()), nothingBefore);
  expect(tries).toMatchObject({ attempt: 3, lost: 2, deferred: 1, handedBack: 1, unreported: [] });
  const again = earlierTries(dispatched(5, recordOf(tries).deferral()), nothingBefore);
  expect(again).toMatchObject({ attempt: 3, lost: 2, deferred: 2, handedBack: 2, unreported: [] });
});

test('a heartbeat of an older version is understood, and leaves nothing to report of its attempt', () => {
  const old: AttemptHeartbeat = {
    progress: { percent: 5, message: '' },
    checkpoint: 'saved',
    handed_back: 1,
  };
  expect(earlierTries(dispatched(3, old), { prior_attempts: 2, checkpoint: null })).toEqual({
    attempt: 5,
    checkpoint: 'saved',
    progress: { percent: 5, message: '' },
    handedBack: 1,
    deferred: 0,
    lost: 1,
    blamed: 1,
    unheard: 0,
    reported: 4,
    unreported: [],
  });
});

/** Ways in which a try can end that is not the last one. */
const ends = [
  'lost before it reported',
  'lost before its heartbeat',
  'lost after its heartbeat',
  'process killed',
  'handed back',
  'handed back unheard',
  'deferred',
] as const;
type End = (typeof ends)[number];

/** An activity's tries, as processTask carries them out, and the reports that reach the workflow. */
class Activity {
  readonly reports: AttemptReport[] = [];
  /** The last checkpoint that reached the server in a heartbeat. */
  saved: JsonValue | null = null;
  #last: AttemptHeartbeat | undefined;
  #tries = 0;
  readonly #priorAttempts: number;

  constructor(priorAttempts: number) {
    this.#priorAttempts = priorAttempts;
  }

  dispatch(): EarlierTries {
    this.#tries += 1;
    return earlierTries(dispatched(this.#tries, this.#last), {
      prior_attempts: this.#priorAttempts,
      checkpoint: null,
    });
  }

  carryOut(tries: EarlierTries, end: End | 'completed'): void {
    if (end === 'lost before it reported') return;
    this.reports.push(...tries.unreported);
    if (end === 'lost before its heartbeat') return;
    const record = recordOf(tries, `worker of try ${this.#tries}`);
    for (const { attempt } of tries.unreported) record.reported(attempt);
    if (end === 'deferred') {
      this.#last = record.deferral();
      return;
    }
    record.take({ log: [`try ${this.#tries}`], checkpoint: `${this.#tries}` });
    this.saved = this.#tries;
    this.#end(record, tries.attempt, end);
  }

  #end(record: AttemptRecord, attempt: number, end: Exclude<End, 'deferred'> | 'completed'): void {
    if (end === 'handed back unheard') {
      this.#last = record.lastHeartbeat('handed_back');
      return;
    }
    if (end === 'process killed' || end === 'handed back') {
      const outcome = end === 'handed back' ? 'handed_back' : 'lost';
      this.reports.push(record.report(outcome, null));
      this.#last = reportedEnd(record, attempt, outcome);
      return;
    }
    this.#last = record.heartbeat();
    if (end === 'completed') this.reports.push(record.report('completed', null));
  }
}

describe('however tries end', () => {
  const sequences = fc.array(fc.constantFrom(...ends), { maxLength: 20 });

  test('every attempt is numbered in turn, each loss is counted, and the newest checkpoint is kept', () => {
    fc.assert(
      fc.property(sequences, fc.nat(5), (sequence, priorAttempts) => {
        const activity = new Activity(priorAttempts);
        let attempt = priorAttempts + 1;
        let lost = 0;
        for (const end of sequence) {
          const tries = activity.dispatch();
          expect(tries).toMatchObject({ attempt, lost, checkpoint: activity.saved });
          activity.carryOut(tries, end);
          if (end !== 'deferred') attempt += 1;
          if (end.startsWith('lost') || end === 'process killed') lost += 1;
        }
        expect(activity.dispatch()).toMatchObject({ attempt, lost, checkpoint: activity.saved });
      }),
      { numRuns: 1000 },
    );
  });

  test('every attempt is reported once, in order, with its outcome and its own log', () => {
    fc.assert(
      fc.property(sequences, fc.nat(5), (sequence, priorAttempts) => {
        const activity = new Activity(priorAttempts);
        // A worker that is lost between its report and its heartbeat reports twice: see the next test.
        const heard = sequence.filter((end) => end !== 'lost before its heartbeat');
        for (const end of [...heard, 'completed' as const]) activity.carryOut(activity.dispatch(), end);
        expect(activity.reports.map(({ attempt, outcome, log }) => ({ attempt, outcome, log }))).toEqual(
          expectedReports(heard, priorAttempts),
        );
      }),
      { numRuns: 1000 },
    );
  });

  test('an attempt that is reported twice is the same both times, and none goes unreported', () => {
    fc.assert(
      fc.property(sequences, fc.nat(5), (sequence, priorAttempts) => {
        const activity = new Activity(priorAttempts);
        for (const end of [...sequence, 'completed' as const]) activity.carryOut(activity.dispatch(), end);
        const byNumber = new Map<number, AttemptReport>();
        for (const report of activity.reports) {
          expect(report).toEqual(byNumber.get(report.attempt) ?? report);
          byNumber.set(report.attempt, report);
        }
        const attempts = sequence.filter((end) => end !== 'deferred').length + 1;
        const numbers = Array.from({ length: attempts }, (_, index) => priorAttempts + 1 + index);
        expect([...byNumber.keys()].sort((a, b) => a - b)).toEqual(numbers);
      }),
      { numRuns: 1000 },
    );
  });
});

function expectedReports(sequence: readonly End[], priorAttempts: number): object[] {
  const outcomes = {
    'process killed': 'lost',
    'handed back': 'handed_back',
    completed: 'completed',
  } as const;
  return [...sequence, 'completed' as const]
    .map((end, index) => ({ end, log: end === 'lost before it reported' ? [] : [`try ${index + 1}`] }))
    .flatMap(({ end, log }) => (end === 'deferred' ? [] : { end, log }))
    .map(({ end, log }, index) => {
      const outcome = end in outcomes ? outcomes[end as keyof typeof outcomes] : 'lost';
      return { attempt: priorAttempts + 1 + index, outcome, log };
    });
}
