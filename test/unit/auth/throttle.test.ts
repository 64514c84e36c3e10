import { expect, test } from 'vitest';
import { createThrottle } from '../../../src/auth/throttle.ts';
import { AppError } from '../../../src/contract/errors.ts';

const here = '192.0.2.1';

function setUp(options: { maxRemembered?: number } = {}) {
  const clock = { ms: Date.UTC(2030, 0, 1) };
  const throttle = createThrottle({ now: () => clock.ms, ...options });
  let hashed = 0;
  const attempt = (right: boolean, name = 'alice', address = here) =>
    throttle.guard({ name, address }, async () => {
      hashed += 1;
      await new Promise((resolve) => setImmediate(resolve));
      return right ? name : undefined;
    });
  const fail = async (times: number, name = 'alice', address = here): Promise<void> => {
    for (let i = 0; i < times; i += 1) await attempt(false, name, address);
  };
  /** Returns how long the next attempt is rejected, in seconds; 0 if it is not. */
  const rejectedFor = async (right = true, name = 'alice', address = here): Promise<number> => {
    try {
      await attempt(right, name, address);
      return 0;
    } catch (error) {
      if (error instanceof AppError && error.code === 'too_many_requests')
        return error.retryAfterSeconds ?? 0;
      throw error;
    }
  };
  return { attempt, fail, rejectedFor, clock, hashed: () => hashed };
}

test('after five failures within a minute, even the right password is rejected, and no hash is computed', async () => {
  const { fail, rejectedFor, hashed, attempt } = setUp();
  await fail(4);
  await expect(attempt(true)).resolves.toBe('alice');
  await fail(5);
  expect(await rejectedFor()).toBe(30);
  expect(hashed()).toBe(10);
});

test('the waits double with each further failure, up to a quarter of an hour', async () => {
  const { fail, rejectedFor, clock } = setUp();
  await fail(5);
  const waits: number[] = [];
  for (let i = 0; i < 7; i += 1) {
    const seconds = await rejectedFor(false);
    waits.push(seconds);
    clock.ms += seconds * 1000 - 1;
    expect(await rejectedFor(false)).toBe(1);
    clock.ms += 1;
    expect(await rejectedFor(false)).toBe(0);
  }
  expect(waits).toEqual([30, 60, 120, 240, 480, 900, 900]);
});

test('a successful sign-in after a wait clears the failures', async () => {
  const { fail, rejectedFor, clock } = setUp();
  await fail(5);
  clock.ms += 30_000;
  expect(await rejectedFor(true)).toBe(0);
  await fail(4);
  expect(await rejectedFor(true)).toBe(0);
});

test('failures from more than a minute ago do not count', async () => {
  const { fail, rejectedFor, clock } = setUp();
  await fail(4);
  clock.ms += 60_000;
  await fail(4);
  expect(await rejectedFor()).toBe(0);
});

test('rejects only the same name from the same address, not that name from elsewhere or another name from there', async () => {
  const { fail, rejectedFor } = setUp();
  await fail(5);
  expect(await rejectedFor()).toBe(30);
  expect(await rejectedFor(true, 'alice', '192.0.2.2')).toBe(0);
  expect(await rejectedFor(true, 'bob')).toBe(0);
});

test('after 60 failures from one address within ten minutes, with any names, it is rejected until the ten minutes are over', async () => {
  const { fail, rejectedFor, clock } = setUp();
  for (let i = 0; i < 59; i += 1) await fail(1, `name-${i}`);
  expect(await rejectedFor(true, 'bob')).toBe(0);
  clock.ms += 60_000;
  await fail(1, 'the last');
  expect(await rejectedFor(true, 'bob')).toBe(540);
  expect(await rejectedFor(true, 'bob', '192.0.2.2')).toBe(0);
  clock.ms += 540_000;
  expect(await rejectedFor(true, 'bob')).toBe(0);
});

test('concurrent guesses get no more tries than guesses one by one', async () => {
  const { attempt, hashed } = setUp();
  const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => attempt(false)));
  expect(hashed()).toBe(5);
  expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(95);
});

test('a hundred concurrent sign-ins with the right password all succeed', async () => {
  const { attempt } = setUp();
  const all = await Promise.all(Array.from({ length: 100 }, () => attempt(true)));
  expect(all).toEqual(Array.from({ length: 100 }, () => 'alice'));
});

test('an attempt that throws does not count as a failure, and lets the next one start', async () => {
  const throttle = createThrottle();
  const who = { name: 'alice', address: here };
  const breaking = () => throttle.guard(who, () => Promise.reject(new TypeError('a defect')));
  for (let i = 0; i < 20; i += 1) await expect(breaking()).rejects.toBeInstanceOf(TypeError);
  await expect(throttle.guard(who, async () => 'in')).resolves.toBe('in');
});

test('remembers only the latest names, up to its maximum', async () => {
  const { fail, rejectedFor } = setUp({ maxRemembered: 2 });
  await fail(5, 'first');
  await fail(5, 'second');
  await fail(5, 'third');
  expect(await rejectedFor(false, 'third')).toBe(30);
  expect(await rejectedFor(false, 'second')).toBe(30);
  expect(await rejectedFor(false, 'first')).toBe(0);
});

test('reports each rejection before it throws, but no failure of an attempt', async () => {
  const throttle = createThrottle();
  let rejections = 0;
  const who = { name: 'alice', address: here, onRejected: () => (rejections += 1) };
  for (let i = 0; i < 5; i += 1) await throttle.guard(who, async () => undefined);
  expect(rejections).toBe(0);
  const rejected = throttle.guard(who, async () => 'alice');
  await expect(rejected).rejects.toMatchObject({ code: 'too_many_requests', retryAfterSeconds: 30 });
  expect(rejections).toBe(1);
});
