import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRateLimit, createTokenBuckets } from '../../../src/lib/token-bucket.ts';

test("never lets through more requests than a minute's allowance and what has been refilled since", () => {
  const sequences = fc.array(fc.nat({ max: 5000 }), { minLength: 1, maxLength: 200 });
  const bounded = fc.property(sequences, fc.integer({ min: 1, max: 600 }), (pauses, perMinute) => {
    let now = 0;
    let allowed = 0;
    const limit = createRateLimit(perMinute, () => now);
    for (const pause of pauses) {
      now += pause;
      const taken = limit.take('alice');
      if (taken.allowed) allowed += 1;
      expect(taken.left).toBeGreaterThanOrEqual(0);
      expect(taken.left).toBeLessThanOrEqual(perMinute);
      expect(allowed).toBeLessThanOrEqual(perMinute + (now / 60_000) * perMinute);
    }
  });
  fc.assert(bounded);
});

test('lets a rejected account through once its allowance has been refilled', () => {
  let now = 0;
  const limit = createRateLimit(2, () => now);
  expect([1, 2, 3].map(() => limit.take('alice').allowed)).toEqual([true, true, false]);
  expect(limit.take('bob').allowed).toBe(true);
  now = 29_000;
  expect(limit.take('alice').allowed).toBe(false);
  now = 31_000;
  expect(limit.take('alice')).toMatchObject({ allowed: true, left: 0 });
});

test('takes several requests at once, all or none, and says when they will be there', () => {
  let now = 0;
  const limit = createRateLimit(60, () => now);
  expect(limit.take('alice', 50)).toMatchObject({ allowed: true, left: 10, fullInSeconds: 50 });
  expect(limit.take('alice', 20)).toMatchObject({ allowed: false, left: 10, allowedInSeconds: 10 });
  now = 10_000;
  expect(limit.take('alice', 20)).toMatchObject({ allowed: true, left: 0, allowedInSeconds: 0 });
});

test('charges what has been used already, up to owing a whole allowance, and allows nothing until that is repaid', () => {
  let now = 0;
  const limit = createRateLimit(60, () => now);
  expect(limit.charge('alice', 50)).toMatchObject({ left: 10, fullInSeconds: 50 });
  expect(limit.charge('alice', 30)).toMatchObject({ left: 0, fullInSeconds: 80 });
  expect(limit.take('alice')).toMatchObject({ allowed: false, left: 0, allowedInSeconds: 21 });
  now = 21_000;
  expect(limit.take('alice')).toMatchObject({ allowed: true, left: 0 });
  expect(limit.charge('alice', 1000)).toMatchObject({ left: 0, fullInSeconds: 120 });
  expect(limit.take('bob')).toMatchObject({ allowed: true, left: 59 });
});

test('takes a whole allowance for more than one', () => {
  let now = 0;
  const limit = createRateLimit(60, () => now);
  expect(limit.take('alice', 100)).toMatchObject({ allowed: true, left: 0 });
  expect(limit.take('alice', 100)).toMatchObject({ allowed: false, allowedInSeconds: 60 });
  now = 60_000;
  expect(limit.take('alice', 100)).toMatchObject({ allowed: true });
});

test('forgets accounts that have made no requests for a minute', () => {
  let now = 0;
  const limit = createRateLimit(10, () => now);
  for (let account = 0; account < 10_000; account += 1) limit.take(`a${account}`);
  now = 120_000;
  // All allowances are full again: there is room for a new account, and the others start over.
  expect(limit.take('newcomer').allowed).toBe(true);
  expect(limit.take('a0')).toMatchObject({ allowed: true, left: 9 });
});

test('has room again for what was given back, and never for more than the whole', () => {
  const buckets = createTokenBuckets(100, 1000, () => 0);
  buckets.take('alice', 80);
  expect(buckets.take('alice', 30).allowed).toBe(false);
  buckets.giveBack('alice', 80);
  buckets.giveBack('alice', 80);
  buckets.giveBack('bob', 80);
  expect(buckets.take('alice', 100)).toMatchObject({ allowed: true, left: 0 });
  expect(buckets.take('bob', 0)).toMatchObject({ left: 100 });
});
