import { expect, test } from 'vitest';
import { Busy, createLimiter } from '../../../src/lib/limiter.ts';

/** Returns work that ends when `end` is called. */
function held() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { work: () => promise, end: () => resolve() };
}

test('runs `concurrency` calls at a time, queues up to `queue` more, and rejects the rest at once', async () => {
  const limiter = createLimiter({ concurrency: 2, queue: 1 });
  let running = 0;
  let most = 0;
  const { work, end } = held();
  const counted = async () => {
    most = Math.max(most, (running += 1));
    await work();
    running -= 1;
  };
  const admitted = [limiter.run(counted), limiter.run(counted), limiter.run(counted)];
  await expect(limiter.run(counted)).rejects.toBeInstanceOf(Busy);
  end();
  await Promise.all(admitted);
  expect(most).toBe(2);
});

test('frees the slot of work that failed', async () => {
  const limiter = createLimiter({ concurrency: 1, queue: 1 });
  const failing = limiter.run(() => Promise.reject(new Error('no')));
  const queued = limiter.run(() => Promise.resolve('ran'));
  await expect(failing).rejects.toThrow('no');
  await expect(queued).resolves.toBe('ran');
  await expect(limiter.run(() => Promise.resolve('ran'))).resolves.toBe('ran');
});

test('runs queued work before new work', async () => {
  const limiter = createLimiter({ concurrency: 1, queue: 2 });
  const order: string[] = [];
  const first = held();
  const running = limiter.run(first.work);
  const waiting = limiter.run(async () => void order.push('waited'));
  // New work that arrives at the very moment when the slot becomes free.
  const newcomer = running.then(() => limiter.run(async () => void order.push('came later')));
  first.end();
  await Promise.all([waiting, newcomer]);
  expect(order).toEqual(['waited', 'came later']);
});
