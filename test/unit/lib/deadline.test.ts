import { expect, test } from 'vitest';
import { timeLeftMs, withinDeadline, withoutDeadline } from '../../../src/lib/deadline.ts';
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

test('work that goes on after its request has no deadline, and neither have its timers', async () => {
  const left = await withinDeadline(
    10,
    () =>
      new Promise<number>((resolve) => withoutDeadline(() => setTimeout(() => resolve(timeLeftMs()), 20))),
  );
  expect(left).toBe(Number.POSITIVE_INFINITY);
});
