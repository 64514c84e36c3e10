import { ApplicationFailure } from '@temporalio/common';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { AttemptFailure } from '../../src/contract/workflow.ts';
import { temporalLogger } from '../../src/worker/logger.ts';

type Line = Record<string, unknown> & { readonly err?: { readonly message: string; readonly stack: string } };

/** Returns the SDK's logger, and the lines that it has written. */
function openLog() {
  const lines: Line[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Line);
  return { log: temporalLogger(pino({ level: 'debug', base: null, timestamp: false }, { write })), lines };
}

/** What the SDK says about the activity with each of its lines. */
const activity = { workflowId: 'some-task', workflowType: 'task', attempt: 1, taskToken: 'token' };

function failure(message: string): ApplicationFailure {
  const details: AttemptFailure = {
    report: {
      attempt: 3,
      started_at: '2030-01-01T00:00:00.000Z',
      finished_at: '2030-01-01T00:00:01.000Z',
      worker: 'worker',
      outcome: 'failed',
      error: { type: 'Rejected', message },
      log: ['a line of the owner'],
    },
    retryable: true,
    retry_after_ms: null,
    checkpoint: { rows: 'of the owner' },
  };
  return ApplicationFailure.create({ type: 'Rejected', message, nonRetryable: true, details: [details] });
}

test('a failed attempt is one line with task, attempt, type and message, and none of the owner’s data', () => {
  const { log, lines } = openLog();
  log.warn('Activity failed', { ...activity, error: failure('no such\nfile') });
  expect(lines).toEqual([
    {
      level: 40,
      task: 'some-task',
      attempt: 3,
      reason: 'Rejected: no such file',
      msg: 'task some-task: attempt 3 failed',
    },
  ]);
});

test('the message of a failed attempt is cut', () => {
  const { log, lines } = openLog();
  log.warn('Activity failed', { ...activity, error: failure('x'.repeat(5000)) });
  expect(lines[0]?.['reason']).toHaveLength(298);
});

test('an attempt that another one replaces is one line without a number', () => {
  const { log, lines } = openLog();
  const error = ApplicationFailure.create({ type: 'HandedBack', message: 'The worker stops' });
  log.warn('Activity failed', { ...activity, error });
  expect(lines).toEqual([
    {
      level: 40,
      task: 'some-task',
      reason: 'HandedBack: The worker stops',
      msg: 'task some-task: an attempt failed',
    },
  ]);
});

test('an error that no handler has thrown keeps its stack', () => {
  const { log, lines } = openLog();
  log.warn('Activity failed', { ...activity, error: new TypeError('undefined is not a function') });
  expect(lines[0]).toMatchObject({ level: 40, msg: 'Activity failed', workflowId: 'some-task' });
  expect(lines[0]?.err?.stack).toContain('worker-log.test.ts');
});

test('the end of a failed task is a detail, and a defect of the workflow a warning with its stack', () => {
  const { log, lines } = openLog();
  // As they come from the workflow's thread.
  log.warn('Workflow failed', { workflowId: 'some-task', error: structuredClone(failure('no such file')) });
  log.warn('Workflow failed', { workflowId: 'some-task', error: structuredClone(new TypeError('a defect')) });
  expect(lines).toMatchObject([
    { level: 20, msg: 'Workflow failed' },
    { level: 40, msg: 'Workflow failed', err: { message: 'a defect' } },
  ]);
  expect(lines[0]).not.toHaveProperty('err');
});
