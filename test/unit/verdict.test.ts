import { CancelledFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { AttemptInterrupted } from '../../activities/failures.ts';
import type { ProcessOutcome } from '../../activities/pool/process-outcome.ts';
import { TaskFailure } from '../../activities/types/define.ts';
import { type RunContext, verdict } from '../../activities/verdict.ts';

const neverRetry = { softTimeLimit: false, timeLimit: false, memoryLimit: false };
const alwaysRetry = { softTimeLimit: true, timeLimit: true, memoryLimit: true };
const calm: RunContext = {
  input: { soft_time_limit: 60, time_limit: 90 },
  rules: { retryOn: neverRetry },
  maxMemoryMb: 400,
  stopped: undefined,
  isFresh: true,
};
const soft: RunContext = { ...calm, stopped: 'SoftTimeLimitExceeded' };
const shutdown: RunContext = { ...calm, stopped: 'WorkerShutdown' };
const withdrawn: RunContext = { ...calm, stopped: 'AttemptWithdrawn' };
const cancelled: RunContext = { ...calm, stopped: 'Cancelled' };

const completed: ProcessOutcome = { kind: 'completed', result: '{"a":[1,null]}' };

function threw(
  failure: Partial<Extract<ProcessOutcome, { kind: 'failed' }>['failure']> = {},
): ProcessOutcome {
  const thrown = { type: 'RangeError', message: 'too far', retryable: true, deliberate: false, ...failure };
  return { kind: 'failed', failure: thrown };
}

/** A TaskFailure that the handler has thrown itself. */
const declared = threw({ type: 'HttpStatus', message: '404', retryable: false, deliberate: true });

function exited(
  code: number,
  killedFor?: Extract<ProcessOutcome, { kind: 'died' }>['killedFor'],
): ProcessOutcome {
  return { kind: 'died', code, signal: null, killedFor, byAnother: false };
}

function signalled(
  signal: NodeJS.Signals,
  killedFor?: Extract<ProcessOutcome, { kind: 'died' }>['killedFor'],
): ProcessOutcome {
  return { kind: 'died', code: null, signal, killedFor, byAnother: false };
}

/** Returns the outcome of the attempt and its message, in one line. */
function outcomeOf(end: ProcessOutcome, circumstances: RunContext): string {
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
const overSoft = 'SoftTimeLimitExceeded: The attempt exceeded its soft time limit of 60 s';
const overSoftRetried =
  'SoftTimeLimitExceeded, may be retried: The attempt exceeded its soft time limit of 60 s';

describe('an attempt whose handler was not asked to stop', () => {
  test.each<[string, ProcessOutcome, string]>([
    ['completes when the handler returns', completed, 'completed: {"a":[1,null]}'],
    [
      'fails, retryably, when the handler throws an error',
      threw(),
      'failed RangeError, may be retried: too far',
    ],
    ['fails as declared when the handler throws a TaskFailure', declared, 'failed HttpStatus: 404'],
    [
      'fails with the retry delay that the handler asks for',
      threw({ deliberate: true, retryAfterMs: 5000 }),
      'failed RangeError, may be retried after 5000 ms: too far',
    ],
    [
      'fails, retryably, when the handler exits its process',
      exited(0),
      'failed ProcessExited, may be retried: The handler ended its process with exit code 0',
    ],
    [
      'fails, retryably, when the handler crashes its process',
      signalled('SIGSEGV'),
      'failed ProcessCrashed, may be retried: The handler crashed its process (SIGSEGV)',
    ],
    [
      'is lost when its process is killed from outside',
      signalled('SIGKILL'),
      "lost ProcessKilled: The handler's process was killed from outside",
    ],
  ])('%s', (_what, end, outcome) => {
    expect(outcomeOf(end, calm)).toBe(outcome);
  });
});

describe('an attempt that is over its soft limit', () => {
  test.each<[string, ProcessOutcome, string]>([
    ['completes when the handler returns', completed, 'completed: {"a":[1,null]}'],
    ['fails with SoftTimeLimitExceeded when the handler throws an error', threw(), `failed ${overSoft}`],
    ['fails as declared when the handler throws a TaskFailure', declared, 'failed HttpStatus: 404'],
    [
      'fails with TimeLimitExceeded when it is killed at its hard limit',
      signalled('SIGKILL', 'TimeLimitExceeded'),
      'failed TimeLimitExceeded: The attempt exceeded its time limit of 90 s',
    ],
  ])('%s', (_what, end, outcome) => {
    expect(outcomeOf(end, soft)).toBe(outcome);
  });
});

describe('an attempt that was killed for going over a limit', () => {
  test.each<[string, ProcessOutcome, string]>([
    [
      'of time fails with TimeLimitExceeded',
      signalled('SIGKILL', 'TimeLimitExceeded'),
      'failed TimeLimitExceeded: The attempt exceeded its time limit of 90 s',
    ],
    [
      'of time fails with TimeLimitExceeded even if the handler exited its process just then',
      exited(3, 'TimeLimitExceeded'),
      'failed TimeLimitExceeded: The attempt exceeded its time limit of 90 s',
    ],
    [
      'of memory fails with MemoryLimitExceeded',
      signalled('SIGKILL', 'MemoryLimitExceeded'),
      'failed MemoryLimitExceeded: The attempt exceeded one and a half times the memory limit of 400 MB',
    ],
    [
      'of memory fails with MemoryLimitExceeded even if V8 aborted first',
      signalled('SIGABRT', 'MemoryLimitExceeded'),
      'failed MemoryLimitExceeded: The attempt exceeded one and a half times the memory limit of 400 MB',
    ],
  ])('%s', (_what, end, outcome) => {
    expect(outcomeOf(end, calm)).toBe(outcome);
  });
});

describe('an attempt over a limit is retryable if its task type says so', () => {
  const limits: readonly [keyof typeof neverRetry, ProcessOutcome, string][] = [
    ['softTimeLimit', threw(), 'SoftTimeLimitExceeded'],
    ['timeLimit', signalled('SIGKILL', 'TimeLimitExceeded'), 'TimeLimitExceeded'],
    ['memoryLimit', signalled('SIGKILL', 'MemoryLimitExceeded'), 'MemoryLimitExceeded'],
  ];
  test.each(limits)('%s', (limit, end, type) => {
    const only = (retryOn: typeof neverRetry): string => outcomeOf(end, { ...soft, rules: { retryOn } });
    expect(only({ ...neverRetry, [limit]: true })).toContain(`failed ${type}, may be retried:`);
    expect(only({ ...alwaysRetry, [limit]: false })).toContain(`failed ${type}:`);
  });

  test('with the same message', () => {
    expect(outcomeOf(threw(), { ...soft, rules: { retryOn: alwaysRetry } })).toBe(
      `failed ${overSoftRetried}`,
    );
  });
});

describe('an attempt whose worker shuts down', () => {
  test.each<[string, ProcessOutcome, string]>([
    ['completes when the handler returns', completed, 'completed: {"a":[1,null]}'],
    ['is handed back when the handler throws an error', threw(), handedBack],
    ['is handed back when the handler throws a TaskFailure while it winds up', declared, handedBack],
    ['is handed back when the handler is killed', signalled('SIGKILL', 'WorkerShutdown'), handedBack],
    ['is handed back when the handler exits its process', exited(0), handedBack],
    ['is handed back when the handler crashes its process', signalled('SIGABRT'), handedBack],
    [
      'fails with TimeLimitExceeded when it is killed at its hard limit',
      signalled('SIGKILL', 'TimeLimitExceeded'),
      'failed TimeLimitExceeded: The attempt exceeded its time limit of 90 s',
    ],
    [
      'is lost when its process is killed from outside',
      signalled('SIGKILL'),
      "lost ProcessKilled: The handler's process was killed from outside",
    ],
  ])('%s', (_what, end, outcome) => {
    expect(outcomeOf(end, shutdown)).toBe(outcome);
  });
});

test.each<[string, ProcessOutcome]>([
  ['returns', completed],
  ['throws', threw()],
  ['throws a TaskFailure', declared],
  ['exits', exited(3)],
  ['crashes', signalled('SIGSEGV')],
  ['is killed from outside', signalled('SIGKILL')],
  ['is killed after its cleanup time', signalled('SIGKILL', 'Cancelled')],
  ['is killed at its hard limit', signalled('SIGKILL', 'TimeLimitExceeded')],
  ['is killed for its memory use', signalled('SIGKILL', 'MemoryLimitExceeded')],
])('an attempt of a cancelled task ends as cancelled, even when its handler %s', (_what, end) => {
  expect(outcomeOf(end, cancelled)).toBe('cancelled');
});

test('going over the memory limit is retryable if earlier attempts in the same process may have used the memory', () => {
  const outcome = outcomeOf(signalled('SIGKILL', 'MemoryLimitExceeded'), { ...calm, isFresh: false });
  expect(outcome).toContain('failed MemoryLimitExceeded, may be retried');
});

test('an attempt whose process was ended by code that an earlier handler left behind is lost, not failed', () => {
  const end: ProcessOutcome = { kind: 'died', code: 0, signal: null, killedFor: undefined, byAnother: true };
  expect(outcomeOf(end, calm)).toContain('lost ProcessKilled: Something that an earlier handler left behind');
});

describe('an attempt that the server has given up', () => {
  test.each<[string, ProcessOutcome]>([
    ['throws', threw()],
    ['is killed', signalled('SIGKILL', 'AttemptWithdrawn')],
    ['ends its process', exited(0)],
    ['had not started', { kind: 'not_started' }],
  ])('is handed back when it %s', (_what, end) => {
    expect(outcomeOf(end, withdrawn)).toContain('handed_back HandedBack: Temporal withdrew the attempt');
  });
});
