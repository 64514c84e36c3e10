import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { type ListFormat, ListFileError, readListFile } from '../../../src/lib/list-file.ts';
import { createListWriter } from '../../../src/lib/list-writer.ts';
import { rm, writeFile } from 'node:fs/promises';
import { temporaryHome } from '../auth/fixtures.ts';

async function setUp() {
  const path = join(await temporaryHome(), 'list.json');
  const written: (readonly number[])[] = [];
  const format: ListFormat<number, number[]> = {
    schema: z.array(z.int()),
    listOf: (file) => file,
    fileOf(list) {
      written.push(list);
      return [...list];
    },
  };
  const writer = createListWriter(path, format);
  const add = (value: number) => writer.update((list) => [...list, value]);
  return { path, format, written, add };
}

test('changes that come while one is being written are written together, in their order', async () => {
  const { path, format, written, add } = await setUp();
  const values = Array.from({ length: 200 }, (_, index) => index);
  await add(-1);
  await Promise.all(values.map(add));
  expect(await readListFile(path, format)).toEqual([-1, ...values]);
  expect(written.length).toBeLessThanOrEqual(3);
});

test('an error is that of the changes that were to be written, and later ones are tried', async () => {
  const { path, format, add } = await setUp();
  await writeFile(path, 'not a list');
  const outcomes = await Promise.allSettled([add(1), add(2)]);
  for (const outcome of outcomes)
    expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(ListFileError) });
  await rm(path);
  await add(3);
  expect(await readListFile(path, format)).toEqual([3]);
});
