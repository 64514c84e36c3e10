import { describe, expect, test } from 'vitest';
import { compareAge, compareVersions, endedStatuses, taskStatuses } from '../../src/contract/status.ts';
import { aTask } from '../support/task.ts';

test('states of a task are ordered by age', () => {
  const at = '2030-01-01T00:00:00.000Z';
  const state = (changes: Parameters<typeof aTask>[0]) => aTask({ created_at: at, ...changes });
  const inOrder = [
    state({ version: 1, status: 'SCHEDULED' }),
    state({ version: 1, status: 'PENDING' }),
    state({ version: 1, status: 'RUNNING', attempt: 1 }),
    state({ version: 1, status: 'RUNNING', attempt: 2 }),
    state({ version: 1, status: 'COMPLETED', attempt: 2 }),
    state({ version: 2, status: 'SCHEDULED' }),
    state({ version: 1, status: 'RUNNING', attempt: 1, run_created_at: '2030-01-01T00:00:00.001Z' }),
    state({ created_at: '2030-01-02T00:00:00.000Z', version: 1, status: 'SCHEDULED' }),
  ];
  expect([...inOrder].reverse().sort(compareAge)).toEqual(inOrder);
});

describe('two states with the same version, status and attempt', () => {
  test('are of the same age, whatever else differs', () => {
    const [one, other] = [aTask(), aTask({ progress: { percent: 50, message: '' }, updated_at: '2031' })];
    expect(compareAge(one, other)).toBe(0);
  });
});

test('two ends of one run are of the same age', () => {
  expect(compareAge(aTask({ status: 'COMPLETED' }), aTask({ status: 'FAILED' }))).toBe(0);
});

test('the versions of a task that was created again are newer, although they start over', () => {
  const before = { created_at: '2030-01-01T00:00:00.000Z', version: 9 };
  const after = { created_at: '2030-01-01T00:00:00.001Z', version: 1 };
  expect(compareVersions(after, before)).toBeGreaterThan(0);
  expect(compareVersions(before, after)).toBeLessThan(0);
  expect(compareVersions({ ...before, version: 8 }, before)).toBeLessThan(0);
  expect(compareVersions(before, { ...before })).toBe(0);
});

test('the versions of an older service, which does not say when a run was created, are ordered by their numbers', () => {
  const created_at = '2030-01-01T00:00:00.000Z';
  const [before, after] = [
    { created_at, version: 3 },
    { created_at, version: 4, run_created_at: created_at },
  ];
  expect(compareVersions(after, before)).toBeGreaterThan(0);
  expect(compareVersions(before, after)).toBeLessThan(0);
});

test('COMPLETED, FAILED and CANCELLED end a run, and no other status does', () => {
  expect(taskStatuses.filter((status) => endedStatuses.has(status))).toEqual([
    'COMPLETED',
    'FAILED',
    'CANCELLED',
  ]);
});
