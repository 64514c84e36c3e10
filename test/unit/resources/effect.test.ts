import { expect, test } from 'vitest';
import { AppError } from '../../../src/contract/errors.ts';
import { waitForEffect } from '../../../src/resources/effect.ts';

function readsOf(...states: (number | undefined)[]) {
  let reads = 0;
  const read = async (): Promise<number | undefined> => {
    const state = states[Math.min(reads, states.length - 1)];
    reads += 1;
    return state;
  };
  return { read, count: () => reads };
}

test('returns the first state that shows the effect, and reads no more', async () => {
  const reads = readsOf(1, 2, 3, 4);
  expect(await waitForEffect(reads.read, 0, (state) => state >= 3)).toBe(3);
  expect(reads.count()).toBe(3);
});

test('returns the latest state once the time is up', async () => {
  expect(await waitForEffect(readsOf(1, 2).read, 0, () => false, 60)).toBe(2);
});

test('returns the last known state if no other can be read', async () => {
  expect(await waitForEffect(readsOf(7, undefined).read, 0, () => false, 60)).toBe(7);
});

test('returns the last known state if Temporal becomes unavailable: the command has been accepted', async () => {
  const unavailable = () => Promise.reject(new AppError('temporal_unavailable', 'Temporal is away.'));
  expect(await waitForEffect(unavailable, 5, () => false)).toBe(5);
  const broken = () => Promise.reject(new Error('a bug'));
  await expect(waitForEffect(broken, 5, () => false)).rejects.toThrow('a bug');
});
