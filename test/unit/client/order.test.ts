import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SeenVersions } from '../../../src/client/order.ts';
import type { TaskStatus } from '../../../src/contract/status.ts';
import { aTask } from '../../support/task.ts';

const finished_at = '2030-01-01T00:00:05.000Z';
const statuses: TaskStatus[] = ['SCHEDULED', 'PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'];

describe('a state', () => {
  test.each([
    ['is news if nothing is known of its task', undefined, {}, true],
    ['is not news if it has been seen', {}, {}, false],
    ['is news if its version is higher', { version: 2 }, { version: 3 }, true],
    ['is not news if its version is lower', { version: 3, status: 'RUNNING' }, { version: 2 }, false],
    [
      'is news if the task moves on without a new version',
      { status: 'PENDING' },
      { status: 'RUNNING' },
      true,
    ],
    ['is not news if its status moves back', { status: 'RUNNING' }, { status: 'PENDING' }, false],
    [
      'is news if only the progress changes',
      { status: 'RUNNING' },
      { status: 'RUNNING', progress: { percent: 1, message: '' } },
      true,
    ],
    [
      'is not news if it is of an earlier attempt',
      { status: 'RUNNING', attempt: 2 },
      { status: 'RUNNING', attempt: 1, progress: { percent: 1, message: '' } },
      false,
    ],
    [
      'is not news if a run ends again',
      { status: 'COMPLETED', finished_at },
      { status: 'FAILED', finished_at },
      false,
    ],
    [
      'is news if a retry has started a run',
      { status: 'COMPLETED', version: 3 },
      { status: 'PENDING', version: 4 },
      true,
    ],
    [
      'is news if it is of a run that was created later, also with a lower version: someone has reset the task',
      { status: 'FAILED', version: 3 },
      { status: 'RUNNING', version: 2, run_created_at: '2030-01-01T00:00:00.001Z' },
      true,
    ],
    [
      'is not news if it is of the run that a reset has replaced',
      { status: 'RUNNING', version: 2, run_created_at: '2030-01-01T00:00:00.001Z' },
      { status: 'FAILED', version: 3 },
      false,
    ],
    [
      'is news if the task was created again under its id',
      { version: 9, status: 'COMPLETED' },
      { version: 1, created_at: '2031-01-01T00:00:00.000Z' },
      true,
    ],
    [
      'is not news if it is of the task that had the id before',
      { version: 1, created_at: '2031-01-01T00:00:00.000Z' },
      { version: 9, status: 'COMPLETED' },
      false,
    ],
  ] as const)('%s', (_name, before, next, expected) => {
    const seen = new SeenVersions();
    if (before) seen.take(aTask(before));
    expect(seen.isNews(aTask(next))).toBe(expected);
    expect(seen.take(aTask(next))).toBe(expected);
  });
});

test('in whatever order states arrive, versions never go back, nor do statuses within a version, and a version ends once', () => {
  const state = fc.record({
    version: fc.integer({ min: 1, max: 4 }),
    status: fc.constantFrom(...statuses),
    attempt: fc.integer({ min: 0, max: 2 }),
  });
  fc.assert(
    fc.property(fc.array(state, { maxLength: 30 }), (states) => {
      const seen = new SeenVersions();
      const taken = states.map((each) => aTask(each)).filter((each) => seen.take(each));
      for (const [at, next] of taken.entries()) {
        const last = taken[at - 1];
        if (!last) continue;
        expect(next.version).toBeGreaterThanOrEqual(last.version);
        if (next.version !== last.version) continue;
        const rank = (status: TaskStatus) => Math.min(3, statuses.indexOf(status));
        expect(rank(last.status)).toBeLessThan(3);
        expect(rank(next.status)).toBeGreaterThanOrEqual(rank(last.status));
      }
    }),
  );
});

test('remembers 10,000 tasks', () => {
  const seen = new SeenVersions();
  for (let at = 0; at <= 10_000; at += 1) seen.take(aTask({ id: String(at) }));
  expect(seen.has('0')).toBe(false);
  expect(seen.has('1')).toBe(true);
});
