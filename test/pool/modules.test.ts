/** Modules of task types, loaded by handler processes. */
import { rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TaskTypesError } from '../../activities/pool/lifetime.ts';
import { childrenOf } from '../support/child-processes.ts';
import { waitFor } from '../support/wait-for.ts';
import {
  acquireAll,
  anInput,
  attempt,
  failedStarts,
  pidsOf,
  startTestPool,
  taskTypeCode,
  usePools,
  noSecrets,
} from '../support/pool.ts';

const { start, path, writeModule } = usePools();

describe('a module', () => {
  test.each([
    ['does not exist', undefined, 'own.mjs": it cannot be loaded'],
    [
      'is not valid JavaScript',
      '\n\nexport default {{;',
      "own.mjs\": it cannot be loaded: Unexpected token '{' (line ",
    ],
    [
      'imports what is not there',
      "\nimport { nothing } from 'node:fs';",
      "does not provide an export named 'nothing' (line ",
    ],
    [
      'throws while it is loaded',
      'throw new Error("no database");',
      'own.mjs": it cannot be loaded: no database',
    ],
    ['exports no task type', 'export default 1;', 'own.mjs": its default export is not a task type'],
    [
      'exports a task type that already exists',
      `export default ${taskTypeCode('echo')};`,
      'two task types called "echo"',
    ],
  ])("that %s fails the pool's start, and no process is left", async (_what, code, why) => {
    const module = code === undefined ? path('own.mjs') : await writeModule('own.mjs', code);
    const error: unknown = await startTestPool({
      modules: [resolve('test/support/handlers.mjs'), module],
    }).catch((error: unknown) => error);
    // Listed at once, before anything else can happen.
    const left = await childrenOf(process.pid);
    expect(error).toBeInstanceOf(TaskTypesError);
    expect(error).toMatchObject({ message: expect.stringContaining(why) });
    expect(left).toEqual([]);
  });

  test("that exits its process fails the pool's start, with its name and the exit code in the error", async () => {
    const module = await writeModule('exits.mjs', 'process.exit(7);');
    await expect(startTestPool({ modules: [module] })).rejects.toThrow(
      `Task module "${module}": it ended the process with exit code 7 while it was loaded`,
    );
  });

  test("that does not load in time fails the pool's start, and no process is left", async () => {
    const module = await writeModule('waits.mjs', 'await new Promise(() => undefined);');
    const starting = startTestPool({ modules: [module], readyMs: 1000 });
    await expect(starting).rejects.toThrow('before it was ready');
    expect(await childrenOf(process.pid)).toEqual([]);
  });

  test('that sends messages while it is loaded still runs attempts, with a warning', async () => {
    const code = `process.send?.('ready'); process.send?.({ type: 'hello' }); export default ${taskTypeCode('hello')};`;
    const pool = await start({ modules: [await writeModule('sends.mjs', code)] });
    const { end } = await attempt(pool, 'hello');
    expect(end).toMatchObject({ kind: 'completed', result: '"hello"' });
    expect(pool.logged.some(({ message }) => message.includes('unknown messages'))).toBe(true);
  });

  test('that disappears is logged, and the pool keeps running and is complete again once the module is back', async () => {
    const module = await writeModule('own.mjs', `export default ${taskTypeCode('own')};`);
    const pool = await start({ concurrency: 3, modules: [module] });
    const [living, ...killed] = await acquireAll(pool, 4);
    if (!living) throw new Error('Expected four processes');
    for (const handlerProcess of killed) pool.release(handlerProcess);
    await rename(module, `${module}.away`);
    for (const { pid } of killed) if (pid !== undefined) process.kill(pid, 'SIGKILL');
    // As many failed starts as would end the pool if it had no process left.
    await waitFor('failed starts', () => failedStarts(pool).length >= 5);
    for (const { facts } of failedStarts(pool))
      expect(facts).toMatchObject({ err: expect.any(TaskTypesError) });
    pool.release(living);
    expect((await attempt(pool, 'own')).end).toMatchObject({ kind: 'completed', result: '"own"' });
    expect(await stillPending(pool.failed)).toBe(true);

    await rename(`${module}.away`, module);
    const all = await acquireAll(pool, 4);
    expect(pidsOf(all)).toContain(living.pid);
    for (const handlerProcess of all) {
      expect((await handlerProcess.run(anInput('own'), () => undefined, noSecrets)).kind).toBe('completed');
    }
  }, 60_000);

  test('that disappears makes the pool fail once all its processes have ended too', async () => {
    const module = await writeModule('own.mjs', `export default ${taskTypeCode('own')};`);
    const pool = await start({ modules: [module] });
    await waitFor('both processes', async () => (await pool.pids()).length === 2);
    await rm(module);
    for (const pid of await pool.pids()) process.kill(pid, 'SIGKILL');
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
