/** Modules with task types, as handler processes load them. */
import { rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TaskTypesError } from '../../activities/pool/lifetime.ts';
import { childrenOf } from '../support/child-processes.ts';
import { waitFor } from '../support/engine-wait.ts';
import {
  acquireAll,
  anInput,
  attempt,
  aType,
  failedStarts,
  pidsOf,
  startTestPool,
  usePools,
} from '../support/pool.ts';

const { start, path, writeModule } = usePools();

describe('a module', () => {
  test.each([
    ['is not there', undefined, 'own.mjs": it cannot be loaded'],
    ['is no JavaScript', 'export default {', 'own.mjs": it cannot be loaded'],
    ['throws', 'throw new Error("no database");', 'own.mjs": it cannot be loaded: no database'],
    ['has no task type', 'export default 1;', 'own.mjs": its default export is not a task type'],
    [
      'has a task type that is there already',
      `export default ${aType('echo')};`,
      'two task types called "echo"',
    ],
  ])('that %s ends the start, and no process is left', async (_what, code, why) => {
    const module = code === undefined ? path('own.mjs') : await writeModule('own.mjs', code);
    const error: unknown = await startTestPool({
      modules: [resolve('test/support/handlers.mjs'), module],
    }).catch((error: unknown) => error);
    // Before anything else can happen.
    const left = await childrenOf(process.pid);
    expect(error).toBeInstanceOf(TaskTypesError);
    expect(error).toMatchObject({ message: expect.stringContaining(why) });
    expect(left).toEqual([]);
  });

  test('that ends its process ends the start, and says so', async () => {
    const module = await writeModule('exits.mjs', 'process.exit(7);');
    await expect(startTestPool({ modules: [module] })).rejects.toThrow('exit code 7');
  });

  test('that is not loaded in time ends the start, and no process is left', async () => {
    const module = await writeModule('waits.mjs', 'await new Promise(() => undefined);');
    const starting = startTestPool({ modules: [module], readyMs: 1000 });
    await expect(starting).rejects.toThrow('before it was ready');
    expect(await childrenOf(process.pid)).toEqual([]);
  });

  test('that sends a word when it is loaded is no worse for it', async () => {
    const code = `process.send?.('ready'); process.send?.({ type: 'hello' }); export default ${aType('hello')};`;
    const pool = await start({ modules: [await writeModule('sends.mjs', code)] });
    const { end } = await attempt(pool, 'hello');
    expect(end).toMatchObject({ kind: 'completed', result: '"hello"' });
    expect(pool.logged.some(({ message }) => message.includes('unknown messages'))).toBe(true);
  });

  test('that disappears is told of, and the pool goes on and is whole again once it is back', async () => {
    const module = await writeModule('own.mjs', `export default ${aType('own')};`);
    const pool = await start({ concurrency: 3, modules: [module] });
    const [living, ...killed] = await acquireAll(pool, 4);
    if (!living) throw new Error('There are to be four');
    for (const handlerProcess of killed) pool.release(handlerProcess);
    await rename(module, `${module}.away`);
    for (const { pid } of killed) if (pid !== undefined) process.kill(pid, 'SIGKILL');
    // So often that it would be the end if none were left.
    await waitFor('starts that fail', () => failedStarts(pool).length >= 5);
    for (const { facts } of failedStarts(pool))
      expect(facts).toMatchObject({ err: expect.any(TaskTypesError) });
    pool.release(living);
    expect((await attempt(pool, 'own')).end).toMatchObject({ kind: 'completed', result: '"own"' });
    expect(await stillPending(pool.failed)).toBe(true);

    await rename(`${module}.away`, module);
    const all = await acquireAll(pool, 4);
    expect(pidsOf(all)).toContain(living.pid);
    for (const handlerProcess of all) {
      expect((await handlerProcess.run(anInput('own'), () => undefined)).kind).toBe('completed');
    }
  }, 60_000);

  test('that disappears with all processes is the end of the pool', async () => {
    const module = await writeModule('own.mjs', `export default ${aType('own')};`);
    const pool = await start({ modules: [module] });
    const all = await acquireAll(pool, 2);
    for (const handlerProcess of all) pool.release(handlerProcess);
    await rm(module);
    for (const { pid } of all) if (pid !== undefined) process.kill(pid, 'SIGKILL');
    await expect(pool.failed).rejects.toThrow('own.mjs');
    expect(failedStarts(pool).length).toBeGreaterThanOrEqual(5);
  }, 60_000);
});

function stillPending(promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(
    () => false,
    () => false,
  );
  return Promise.race([settled, new Promise<boolean>((resolve) => setImmediate(resolve, true))]);
}
