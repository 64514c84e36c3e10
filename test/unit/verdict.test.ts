import { CancelledFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { AttemptInterrupted } from '../../activities/failures.ts';
import type { RunEnd } from '../../activities/pool/handler-process.ts';
import { TaskFailure } from '../../activities/types/define.ts';
import { type Circumstances, verdict } from '../../activities/verdict.ts';

const neverRetry = { softTimeLimit: false, timeLimit: false, memoryLimit: false };
const alwaysRetry = { softTimeLimit: true, timeLimit: true, memoryLimit: true };
const calm: Circumstances = {
  input: { soft_time_limit: 60, time_limit: 90 },
  rules: { retryOn: neverRetry },
  maxMemoryMb: 400,
  stopped: undefined,
  isFresh: true,
};
const soft: Circumstances = { ...calm, stopped: 'SoftTimeLimitExceeded' };
const shutdown: Circumstances = { ...calm, stopped: 'WorkerShutdown' };
const withdrawn: Circumstances = { ...calm, stopped: 'AttemptWithdrawn' };
const cancelled: Circumstances = { ...calm, stopped: 'Cancelled' };

const completed: RunEnd = { kind: 'completed', result: '{"a":[1,null]}' };

function threw(failure: Partial<Extract<RunEnd, { kind: 'failed' }>['failure']> = {}): RunEnd {
  const thrown = { type: 'RangeError', message: 'too far', retryable: true, deliberate: false, ...failure };
  return { kind: 'failed', failure: thrown };
}

/** A TaskFailure of the handler's own. */
const declared = threw({ type: 'HttpStatus', message: '404', retryable: false, deliberate: true });

function exited(code: number, killedFor?: Extract<RunEnd, { kind: 'died' }>['killedFor']): RunEnd {
  return { kind: 'died', code, signal: null, killedFor, byAnother: false };
}

function signalled(
  signal: NodeJS.Signals,
  killedFor?: Extract<RunEnd, { kind: 'died' }>['killedFor'],
): RunEnd {
  return { kind: 'died', code: null, signal, killedFor, byAnother: false };
}

/** In a line: what kind of end it is for the attempt, and what is said of it. */
function outcomeOf(end: RunEnd, circumstances: Circumstances): string {
  try {
    return `completed: ${JSON.stringify(verdict(end, circumstances))}`;
  } catch (error) {
    if (error instanceof CancelledFailure) return 'cancelled';
    if (error instanceof AttemptInterrupted) return `${error.outcome} ${error.type}: ${error.message}`;
    if (!(error instanceof TaskFailure)) throw error;
    const { type, message, retryable, retryAfterMs } = error;
    const after = retryAfterMs === undefined ? '' : ` after ${retryAfterMs} ms`;
    return `failed ${type}${retryable ? ', may be retried' : ''}${after}: ${message}`;
  }
}

const handedBack =
  'handed_back HandedBack: The worker handed the attempt back, as it does at shutdown; another attempt will start';
const overSoft = 'SoftTimeLimitExceeded: The attempt went over its soft time limit of 60 s';
const overSoftRetried =
  'SoftTimeLimitExceeded, may be retried: The attempt went over its soft time limit of 60 s';

describe('by itself, a handler', () => {
  test.each<[string, RunEnd, string]>([
    ['returns', completed, 'completed: {"a":[1,null]}'],
    ['throws an error', threw(), 'failed RangeError, may be retried: too far'],
    ['throws a TaskFailure', declared, 'failed HttpStatus: 404'],
    [
      'asks for time',
      threw({ deliberate: true, retryAfterMs: 5000 }),
      'failed RangeError, may be retried after 5000 ms: too far',
    ],
    [
      'exits',
      exited(0),
      'failed ProcessExited, may be retried: The handler ended its process with exit code 0',
    ],
    [
      'crashes',
      signalled('SIGSEGV'),
      'failed ProcessCrashed, may be retried: The handler crashed its process (SIGSEGV)',
    ],
    [
      'is killed by somebody else',
      signalled('SIGKILL'),
      "lost ProcessKilled: The handler's process was killed from outside",
    ],
  ])('%s', (_what, end, outcome) => {
    expect(outcomeOf(end, calm)).toBe(outcome);
  });
});

describe('told that it is over its soft limit, a handler', () => {
  test.each<[string, RunEnd, string]>([
    ['may still return', completed, 'completed: {"a":[1,null]}'],
    ['may throw anything', threw(), `failed ${overSoft}`],
    ['may say what its failure is', declared, 'failed HttpStatus: 404'],
    [
      'is killed at its hard limit',
      signalled('SIGKILL', 'TimeLimitExceeded'),
      'failed TimeLimitExceeded: The attempt went over its time limit of 90 s',
    ],
  ])('%s', (_what, end, outcome) => {
    expect(outcomeOf(end, soft)).toBe(outcome);
  });
});

describe('killed for going over a limit, a handler', () => {
  test.each<[string, RunEnd, string]>([
    [
      'of time has failed',
      signalled('SIGKILL', 'TimeLimitExceeded'),
      'failed TimeLimitExceeded: The attempt went over its time limit of 90 s',
    ],
    [
      'of time has failed, also when it ended its process just then',
      exited(3, 'TimeLimitExceeded'),
      'failed TimeLimitExceeded: The attempt went over its time limit of 90 s',
    ],
    [
      'of memory has failed',
      signalled('SIGKILL', 'MemoryLimitExceeded'),
      'failed MemoryLimitExceeded: The attempt went over one and a half times the memory limit of 400 MB',
    ],
    [
      'of memory has failed, also when V8 was first',
      signalled('SIGABRT', 'MemoryLimitExceeded'),
      'failed MemoryLimitExceeded: The attempt went over one and a half times the memory limit of 400 MB',
    ],
  ])('%s', (_what, end, outcome) => {
    expect(outcomeOf(end, calm)).toBe(outcome);
  });
});

describe('a limit is retried when its task type says so', () => {
  const limits: readonly [keyof typeof neverRetry, RunEnd, string][] = [
    ['softTimeLimit', threw(), 'SoftTimeLimitExceeded'],
    ['timeLimit', signalled('SIGKILL', 'TimeLimitExceeded'), 'TimeLimitExceeded'],
    ['memoryLimit', signalled('SIGKILL', 'MemoryLimitExceeded'), 'MemoryLimitExceeded'],
  ];
  test.each(limits)('%s', (limit, end, type) => {
    const only = (retryOn: typeof neverRetry): string => outcomeOf(end, { ...soft, rules: { retryOn } });
    expect(only({ ...neverRetry, [limit]: true })).toContain(`failed ${type}, may be retried:`);
    expect(only({ ...alwaysRetry, [limit]: false })).toContain(`failed ${type}:`);
  });

  test('and the message is the same', () => {
    expect(outcomeOf(threw(), { ...soft, rules: { retryOn: alwaysRetry } })).toBe(
      `failed ${overSoftRetried}`,
    );
  });
});

describe('told that its worker shuts down, a handler', () => {
  test.each<[string, RunEnd, string]>([
    ['may still return', completed, 'completed: {"a":[1,null]}'],
    ['may throw anything, and begins again', threw(), handedBack],
    ['may throw a TaskFailure while it winds up, and begins again', declared, handedBack],
    ['is killed, and begins again', signalled('SIGKILL', 'WorkerShutdown'), handedBack],
    ['may end its process, and begins again', exited(0), handedBack],
    ['may crash its process, and begins again', signalled('SIGABRT'), handedBack],
    [
      'may reach its hard limit, which counts',
      signalled('SIGKILL', 'TimeLimitExceeded'),
      'failed TimeLimitExceeded: The attempt went over its time limit of 90 s',
    ],
    [
      'may be killed by somebody else',
      signalled('SIGKILL'),
      "lost ProcessKilled: The handler's process was killed from outside",
    ],
  ])('%s', (_what, end, outcome) => {
    expect(outcomeOf(end, shutdown)).toBe(outcome);
  });
});

test.each<[string, RunEnd]>([
  ['returns', completed],
  ['throws', threw()],
  ['throws a TaskFailure', declared],
  ['exits', exited(3)],
  ['crashes', signalled('SIGSEGV')],
  ['is killed by somebody else', signalled('SIGKILL')],
  ['is killed after its time to clean up', signalled('SIGKILL', 'Cancelled')],
  ['is killed at its hard limit', signalled('SIGKILL', 'TimeLimitExceeded')],
  ['is killed for its memory', signalled('SIGKILL', 'MemoryLimitExceeded')],
])('a handler whose task is cancelled ends as cancelled, also when it %s', (_what, end) => {
  expect(outcomeOf(end, cancelled)).toBe('cancelled');
});

test('memory that earlier attempts in the same process may have taken is worth another attempt', () => {
  const outcome = outcomeOf(signalled('SIGKILL', 'MemoryLimitExceeded'), { ...calm, isFresh: false });
  expect(outcome).toContain('failed MemoryLimitExceeded, may be retried');
});

test('an end by what another handler left behind is none of its own doing', () => {
  const end: RunEnd = { kind: 'died', code: 0, signal: null, killedFor: undefined, byAnother: true };
  expect(outcomeOf(end, calm)).toContain('lost ProcessKilled: Something that an earlier handler left behind');
});

describe('that the server has given up, an attempt', () => {
  test.each<[string, RunEnd]>([
    ['throws', threw()],
    ['is killed', signalled('SIGKILL', 'AttemptWithdrawn')],
    ['ends its process', exited(0)],
    ['had not begun', { kind: 'not_begun' }],
  ])('is handed back when it %s', (_what, end) => {
    expect(outcomeOf(end, withdrawn)).toBe(handedBack);
  });
});
