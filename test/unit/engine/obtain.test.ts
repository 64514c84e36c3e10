import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { installAtomically } from '../../../src/engine/obtain.ts';

test('an executable is installed whole by concurrent installers, and not at all by one that fails', async () => {
  const home = await mkdtemp(join(tmpdir(), 'taskbell-home-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const target = join(home, 'temporal');
  const make = async (folder: string): Promise<string> => {
    await writeFile(join(folder, 'out'), 'whole');
    return join(folder, 'out');
  };
  await expect(
    installAtomically(target, async (folder) => {
      await writeFile(join(folder, 'out'), 'half');
      throw new Error('killed');
    }),
  ).rejects.toThrow('killed');
  expect(await readdir(home)).toEqual([]);
  await Promise.all(Array.from({ length: 10 }, () => installAtomically(target, make)));
  expect(await readdir(home)).toEqual(['temporal']);
  expect(await readFile(target, 'utf8')).toBe('whole');
});
