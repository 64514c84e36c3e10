import { expect, test } from 'vitest';
import { detached } from '../../../src/lib/detached.ts';
import { countOne, withMeter } from '../../../src/lib/meter.ts';

test('a meter counts what its work does, also later and in what it calls, and nothing else', async () => {
  const [mine, other] = [{ used: 0 }, { used: 0 }];
  const deep = async (): Promise<void> => {
    countOne();
    await Promise.resolve();
    countOne();
  };
  countOne();
  await Promise.all([
    withMeter(mine, async () => {
      await deep();
      await deep();
    }),
    withMeter(other, deep),
  ]);
  expect([mine.used, other.used]).toEqual([4, 2]);
});

test('what the work does for others too is not counted', async () => {
  const meter = { used: 0 };
  await withMeter(meter, async () => {
    await detached(async () => countOne());
    countOne();
  });
  expect(meter.used).toBe(1);
});
