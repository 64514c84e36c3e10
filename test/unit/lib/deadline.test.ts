import { expect, test } from 'vitest';
import { timeLeftMs, withinDeadline } from '../../../src/lib/deadline.ts';
import { waitFor } from '../../support/wait-for.ts';

test('work without a deadline has all the time', () => {
  expect(timeLeftMs()).toBe(Number.POSITIVE_INFINITY);
});

test('what runs within a deadline sees the time run out, and work beside it does not', async () => {
  const left = await withinDeadline(30, async () => {
    const before = timeLeftMs();
    await waitFor('the deadline', () => timeLeftMs() <= 0);
    return before;
  });
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(30);
  expect(timeLeftMs()).toBe(Number.POSITIVE_INFINITY);
});
