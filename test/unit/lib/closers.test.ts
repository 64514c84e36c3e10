import { expect, test } from 'vitest';
import { createClosers } from '../../../src/lib/closers.ts';

test('closes in the reverse order of starting, one after the other', async () => {
  const closed: string[] = [];
  const closers = createClosers(() => undefined);
  closers.add(async () => {
    closed.push('first');
  });
  closers.add(async () => {
    await Promise.resolve();
    closed.push('second');
  });
  expect(closers.size).toBe(2);
  await closers.close();
  expect(closed).toEqual(['second', 'first']);
  expect(closers.size).toBe(0);
});

test('closes the rest when one fails, and reports its error', async () => {
  const closed: string[] = [];
  const errors: unknown[] = [];
  const closers = createClosers((error) => errors.push(error));
  closers.add(() => void closed.push('first'));
  closers.add(() => Promise.reject(new Error('stuck')));
  closers.add(() => {
    throw new Error('broken');
  });
  await closers.close();
  expect(closed).toEqual(['first']);
  expect(errors).toEqual([new Error('broken'), new Error('stuck')]);
});

test('closes nothing twice', async () => {
  let closed = 0;
  const closers = createClosers(() => undefined);
  closers.add(() => void (closed += 1));
  await closers.close();
  await closers.close();
  expect(closed).toBe(1);
});
