import { describe, expect, test } from 'vitest';
import type { TaskSummary } from '../../../src/contract/task.ts';
import { canDo, mayDoIn, shownStatus, waitingText } from '../../../src/dashboard/what-now.ts';
import { aTask } from '../../support/task.ts';

const now = Date.parse('2030-01-01T00:00:10.000Z');
const in5s = '2030-01-01T00:00:15.000Z';

describe('the reason why a task is not running', () => {
  test.each<[Partial<TaskSummary>, string | undefined]>([
    [{ waiting: { reason: 'time', until: in5s } }, 'Starts in 5 s'],
    [{ waiting: { reason: 'time' } }, 'About to start'],
    [{ waiting: { reason: 'after' }, after: ['a', 'b'] }, 'Waiting for 2 tasks to complete'],
    [{ waiting: { reason: 'after' }, after: ['a'], after_policy: 'any' }, 'Waiting for 1 task to end'],
    [{ waiting: { reason: 'paused' } }, 'Paused'],
    [{ waiting: { reason: 'worker' }, status: 'PENDING' }, 'Waiting for a worker'],
    [{ waiting: { reason: 'backoff', until: in5s }, status: 'RUNNING' }, 'Next attempt in 5 s'],
    [{ waiting: { reason: 'backoff' }, status: 'RUNNING' }, 'The next attempt is about to start'],
    [{ waiting: { reason: 'cancelling' }, status: 'RUNNING' }, 'Being cancelled'],
    [{ waiting: null, status: 'RUNNING' }, undefined],
    // From a newer service.
    [{ waiting: { reason: 'weather' as 'time' } }, 'Waiting: weather'],
  ])('%j', (changes, text) => {
    expect(waitingText(aTask(changes), now)).toBe(text);
  });
});

describe('the actions that a task offers', () => {
  test.each<[string, Partial<TaskSummary>, string[]]>([
    [
      'it waits for its time',
      { waiting: { reason: 'time' } },
      ['cancel', 'delete', 'edit', 'pause', 'run-now'],
    ],
    ['it is paused', { waiting: { reason: 'paused' } }, ['cancel', 'delete', 'edit', 'resume', 'run-now']],
    [
      'it is due',
      { status: 'PENDING', waiting: { reason: 'worker' } },
      ['cancel', 'delete', 'edit', 'pause'],
    ],
    ['it runs', { status: 'RUNNING' }, ['cancel']],
    ['it waits for a retry', { status: 'RUNNING', waiting: { reason: 'backoff' } }, ['cancel', 'run-now']],
    ['it is being cancelled', { status: 'RUNNING', waiting: { reason: 'cancelling' } }, []],
    ['it has ended', { status: 'FAILED', finished_at: in5s }, ['delete', 'retry']],
  ])('while %s', (_when, changes, actions) => {
    const task = aTask(changes);
    expect([...canDo(task)].toSorted()).toEqual(actions);
    const possible: ReadonlySet<string> = new Set(mayDoIn(task.status));
    expect(actions.filter((action) => action !== 'edit' && !possible.has(action))).toEqual([]);
  });
});

test('a paused task is shown as PAUSED, though its status is SCHEDULED', () => {
  expect(shownStatus(aTask({ waiting: { reason: 'paused' } }))).toBe('PAUSED');
  expect(shownStatus(aTask())).toBe('SCHEDULED');
});
