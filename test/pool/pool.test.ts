/** The pool of handler processes, with real ones. What it means for tasks is in test/e2e/misbehaviour.test.ts. */
import { getEventListeners } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HandlerProcess, TaskTypesError } from '../../activities/pool/handler-process.ts';
import type { Told } from '../../activities/pool/messages.ts';
import { maxCheckpointBytes } from '../../src/contract/limits.ts';
import { childrenOf } from '../support/child-processes.ts';
import { isRunning, waitFor } from '../support/engine-wait.ts';
import {
  anInput,
  attempt,
  type LogEntry,
  occupy,
  soon,
  startTestPool,
  type TestPool,
} from '../support/pool.ts';

const pools: TestPool[] = [];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'taskbell-pool-'));
});
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
  await rm(folder, { recursive: true, force: true });
  expect(await childrenOf(process.pid)).toEqual([]);
});

async function start(options: Parameters<typeof startTestPool>[0] = {}): Promise<TestPool> {
  const pool = await startTestPool(options);
  pools.push(pool);
  return pool;
}

/** The pool's processes once there are as many. */
function processesOf(pool: TestPool, count: number): Promise<number[]> {
  return waitFor(`${count} processes`, async () => {
    const pids = await pool.pids();
    return pids.length === count && pids;
  });
}

/** Until so many of a pool's processes are ready, which only acquiring them tells. */
async function acquireAll(pool: TestPool, count: number): Promise<HandlerProcess[]> {
  return Promise.all(Array.from({ length: count }, () => pool.acquire(soon())));
}

function pidsOf(processes: readonly HandlerProcess[]): number[] {
  return processes.map(({ pid }) => pid ?? 0).sort((a, b) => a - b);
}

function writeModule(name: string, code: string): Promise<string> {
  const path = join(folder, name);
  const from = (file: string): string => JSON.stringify(resolve(file));
  const imports = `import { z } from ${from('node_modules/zod/index.js')};
    import { defineTaskType } from ${from('dist/activities/types/define.js')};\n`;
  return writeFile(path, imports + code).then(() => path);
}

const aType = (name: string): string =>
  `defineTaskType({ name: '${name}', description: '', payload: z.looseObject({}), run: async () => '${name}' })`;

describe('a process', () => {
  test('serves one attempt after another', async () => {
    const pool = await start();
    const first = await attempt(pool, 'echo', { a: 1 });
    const second = await attempt(pool, 'echo', { a: 2 });
    expect(first.end).toMatchObject({ kind: 'completed', result: expect.stringContaining('"a":1') });
    expect(second.end).toMatchObject({ kind: 'completed', result: expect.stringContaining('"a":2') });
    expect(second.pid).toBe(first.pid);
  });

  test.each([1, 2, 7])(
    'is replaced after %i attempts',
    async (maxAttempts) => {
      const pool = await start({ concurrency: 2, maxAttempts });
      const served = new Map<number, number>();
      const serve = async (): Promise<void> => {
        for (let count = 0; count < 10; count += 1) {
          const { end, pid } = await attempt(pool, 'echo');
          expect(end.kind).toBe('completed');
          served.set(pid, (served.get(pid) ?? 0) + 1);
        }
      };
      await Promise.all([serve(), serve()]);
      expect(Math.max(...served.values())).toBe(maxAttempts);
      await waitFor('those that have served to be gone', async () => {
        const pids = await pool.pids();
        return [...served].every(([pid, attempts]) => attempts < maxAttempts || !pids.includes(pid));
      });
    },
    60_000,
  );

  test.each([1, 2, 1000])(
    'is there for each attempt that may run, with %i a process',
    async (maxAttempts) => {
      const pool = await start({ concurrency: 3, maxAttempts });
      for (let round = 0; round < 3; round += 1) {
        const processes = await acquireAll(pool, 3);
        expect(new Set(processes).size).toBe(3);
        const running = processes.map((handlerProcess) => occupy(pool, handlerProcess));
        await Promise.all(running.map(({ finish }) => finish()));
      }
    },
    60_000,
  );

  test('is told to stop, with the reason', async () => {
    const pool = await start();
    const handlerProcess = await pool.acquire(soon());
    const ending = handlerProcess.run(anInput('tidy'), () => undefined);
    handlerProcess.stop('SoftTimeLimitExceeded', 'Time is over');
    const end = await ending;
    expect(end).toMatchObject({ kind: 'completed', result: '{"stopped":"SoftTimeLimitExceeded"}' });
    pool.release(handlerProcess);
  });
});

describe('a process that uses too much memory', () => {
  test('after an attempt is replaced', async () => {
    const pool = await start({ maxMemoryMb: 200 });
    const { end, pid } = await attempt(pool, 'leaks', { megabytes: 170 });
    expect(end.kind).toBe('completed');
    await waitFor('it to be replaced', async () => {
      const pids = await pool.pids();
      return !pids.includes(pid) && pids.length === 2;
    });
    expect(pidsOf(await acquireAll(pool, 2))).not.toContain(pid);
  });

  test('far more than it may, in an attempt, is killed', async () => {
    const pool = await start({ maxMemoryMb: 200 });
    const { end } = await attempt(pool, 'leaks', { megabytes: 20, steps: 500, step_ms: 50 });
    expect(end).toMatchObject({ kind: 'died', signal: 'SIGKILL', killedFor: 'MemoryLimitExceeded' });
  });
});

describe('when a process ends', () => {
  test.each(['exit', 'abort', 'kill-itself'])('by %s, another one is already there', async (how) => {
    const pool = await start({ concurrency: 2 });
    const all = await acquireAll(pool, 3);
    const [busy, spare, dying] = all;
    if (!busy || !spare || !dying) throw new Error('There are to be three');
    const running = occupy(pool, busy);
    pool.release(spare);
    const before = await pool.pids();
    expect((await dying.run(anInput('dies', { how }), () => undefined)).kind).toBe('died');
    pool.release(dying);
    const next = await pool.acquire(soon());
    expect(before).toContain(next.pid);
    expect(next).not.toBe(dying);
    const { pid } = next;
    pool.release(next);
    await running.finish();
    // And the spare has its successor.
    const after = await processesOf(pool, 3);
    expect(after).toContain(pid);
    expect(after).not.toContain(dying.pid);
  });

  test('idle, by a kill from outside, it is replaced and never handed out', async () => {
    const pool = await start({ concurrency: 2 });
    const [first, ...others] = await acquireAll(pool, 3);
    for (const handlerProcess of [...others, first]) if (handlerProcess) pool.release(handlerProcess);
    // The last to come is the first to go.
    if (first?.pid !== undefined) process.kill(first.pid, 'SIGKILL');
    await first?.ended;
    const all = await acquireAll(pool, 3);
    expect(pidsOf(all)).not.toContain(first?.pid);
    for (const handlerProcess of all) {
      expect((await handlerProcess.run(anInput('echo'), () => undefined)).kind).toBe('completed');
    }
  });

  test('what its handler has started ends too, also when it ended by itself', async () => {
    const pool = await start();
    const { end, told } = await attempt(pool, 'leaves-behind', { what: 'process', exit: true });
    expect(end).toMatchObject({ kind: 'died', code: 4 });
    const spawned = spawnedBy(told);
    await waitFor('the process that its handler started to be gone', () => !isRunning(spawned));
  });

  test('having served its time, what its handlers have left behind ends too', async () => {
    const pool = await start({ maxAttempts: 1 });
    const { end, told } = await attempt(pool, 'leaves-behind', { what: 'process' });
    expect(end.kind).toBe('completed');
    const spawned = spawnedBy(told);
    await waitFor('the process that its handler started to be gone', () => !isRunning(spawned));
  });
});

function spawnedBy(told: readonly Told[]): number {
  const log = told.flatMap(({ log }) => log ?? []).join('\n');
  return Number(/pid (\d+)/.exec(log)?.[1]);
}

describe('a process that is about to end', () => {
  test.each([
    ['throws where nobody catches it', 'dies', { how: 'throw-later' }],
    ['throws so and returns all the same', 'throws-and-returns', {}],
  ])('since its handler %s, is not handed out', async (_what, type, payload) => {
    const pool = await start();
    await acquireAll(pool, 2).then((all) => all.forEach((handlerProcess) => pool.release(handlerProcess)));
    const { end, pid } = await attempt(pool, type, payload);
    expect(end).toMatchObject({ kind: 'failed', failure: { message: 'thrown in a timer' } });
    // In the same moment, before it can have ended.
    const next = await pool.acquire(soon());
    expect(next.pid).not.toBe(pid);
    expect((await next.run(anInput('echo'), () => undefined)).kind).toBe('completed');
  });

  test('since it was killed, though its attempt ended in the same moment, is not handed out', async () => {
    const pool = await start();
    await acquireAll(pool, 2).then((all) => all.forEach((handlerProcess) => pool.release(handlerProcess)));
    const handlerProcess = await pool.acquire(soon());
    const end = await handlerProcess.run(anInput('echo'), () => undefined);
    handlerProcess.kill('TimeLimitExceeded');
    pool.release(handlerProcess);
    expect(end.kind).toBe('completed');
    const next = await pool.acquire(soon());
    expect(next).not.toBe(handlerProcess);
    expect((await next.run(anInput('echo'), () => undefined)).kind).toBe('completed');
  });
});

test("a full heap that an attempt's output tells of is not held against the next attempt", async () => {
  // As of a process that the handler has started.
  const said = 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory';
  const module = await writeModule(
    'says.mjs',
    `export default defineTaskType({ name: 'says', description: '', payload: z.looseObject({}),
       run: async () => console.error(${JSON.stringify(said)}) });`,
  );
  const pool = await start({ modules: [module, resolve('test/support/misbehaving.mjs')] });
  const first = await attempt(pool, 'says');
  expect(first.end.kind).toBe('completed');
  await waitFor('its words', () => pool.logged.some(({ message }) => message.startsWith('FATAL ERROR')));
  const second = await attempt(pool, 'dies', { how: 'exit' });
  expect(second.pid).toBe(first.pid);
  expect(second.end).toMatchObject({ kind: 'died', code: 3, killedFor: undefined });
});

describe('when all processes are busy', () => {
  test('those who ask are served in turn, once there is one', async () => {
    const pool = await start();
    const [first, second] = await acquireAll(pool, 2);
    if (!first || !second) throw new Error('There are to be two');
    const served: string[] = [];
    const ask = async (name: string): Promise<HandlerProcess> => {
      const handlerProcess = await pool.acquire(soon());
      served.push(name);
      return handlerProcess;
    };
    const asked = ['a', 'b', 'c'].map((name) => ask(name));
    await acquired(pool, served, []);
    pool.release(first);
    const forA = await asked[0];
    expect(forA).toBe(first);
    pool.release(second);
    expect(await asked[1]).toBe(second);
    if (forA) pool.release(forA);
    await asked[2];
    expect(served).toEqual(['a', 'b', 'c']);
  });

  test('one who gives up leaves no place in the queue, and nothing on the signal', async () => {
    const pool = await start();
    const [first, second] = await acquireAll(pool, 2);
    if (!first || !second) throw new Error('There are to be two');
    const cancelled = new AbortController();
    const patient = new AbortController();
    const gaveUp = pool.acquire(cancelled.signal);
    const served = pool.acquire(patient.signal);
    cancelled.abort(new Error('I cannot wait'));
    await expect(gaveUp).rejects.toThrow('I cannot wait');
    pool.release(first);
    expect(await served).toBe(first);
    expect(getEventListeners(patient.signal, 'abort')).toEqual([]);
    pool.release(second);
    expect(await pool.acquire(soon())).toBe(second);
  });

  test('one who has given up already is not served at all', async () => {
    const pool = await start();
    await expect(pool.acquire(AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
  });
});

/** Everybody has been served who could be: one who asks later, and gives up, has had an answer. */
async function acquired(pool: TestPool, served: string[], expected: string[]): Promise<void> {
  const later = new AbortController();
  const asked = pool.acquire(later.signal);
  later.abort(new Error('just asking'));
  await expect(asked).rejects.toThrow('just asking');
  expect(served).toEqual(expected);
}

describe('closing', () => {
  test('ends all processes: those that loop, those that idle, and what they have started', async () => {
    const pool = await start({ concurrency: 3 });
    const [looping, spawning, ...idle] = await acquireAll(pool, 4);
    if (!looping || !spawning) throw new Error('There are to be four');
    for (const handlerProcess of idle) pool.release(handlerProcess);
    const told: Told[] = [];
    const looped = looping.run(anInput('loops'), (words) => void told.push(words));
    const spawned = spawning.run(anInput('spawns'), (words) => void told.push(words));
    await waitFor('both to loop', () => told.some(({ progress }) => progress) && spawnedBy(told) > 0);
    const pids = await pool.pids();
    expect(pids).toHaveLength(4);
    await pool.close();
    expect([...pids, spawnedBy(told)].filter((pid) => isRunning(pid))).toEqual([]);
    expect(await looped).toMatchObject({ kind: 'died', signal: 'SIGKILL', killedFor: undefined });
    expect(await spawned).toMatchObject({ kind: 'died', signal: 'SIGKILL' });
  });

  test('ends those that are just starting, and starts no more', async () => {
    const pool = await start({ concurrency: 3 });
    const pids = await pool.pids();
    expect(pids).toHaveLength(4);
    await pool.close();
    expect(pids.filter((pid) => isRunning(pid))).toEqual([]);
    expect(await pool.pids()).toEqual([]);
    expect(pool.logged.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('waits for those that had been told to go, also when they do not', async () => {
    const pool = await start({ maxAttempts: 1 });
    const { end, pid } = await attempt(pool, 'leaves-behind', { what: 'loop' });
    expect(end.kind).toBe('completed');
    expect(isRunning(pid)).toBe(true);
    await pool.close();
    expect(isRunning(pid)).toBe(false);
  });

  test('can be done twice', async () => {
    const pool = await start();
    await Promise.all([pool.close(), pool.close()]);
    await pool.close();
    expect(await pool.pids()).toEqual([]);
  });
});

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
    const path = code === undefined ? join(folder, 'own.mjs') : await writeModule('own.mjs', code);
    const error: unknown = await startTestPool({
      modules: [resolve('test/support/handlers.mjs'), path],
    }).catch((error: unknown) => error);
    // Before anything else can happen.
    const left = await childrenOf(process.pid);
    expect(error).toBeInstanceOf(TaskTypesError);
    expect(error).toMatchObject({ message: expect.stringContaining(why) });
    expect(left).toEqual([]);
  });

  test('that ends its process ends the start, and says so', async () => {
    const path = await writeModule('exits.mjs', 'process.exit(7);');
    await expect(startTestPool({ modules: [path] })).rejects.toThrow('exit code 7');
  });

  test('that sends a word when it is loaded is no worse for it', async () => {
    const code = `process.send?.('ready'); process.send?.({ type: 'hello' }); export default ${aType('hello')};`;
    const pool = await start({ modules: [await writeModule('sends.mjs', code)] });
    const { end } = await attempt(pool, 'hello');
    expect(end).toMatchObject({ kind: 'completed', result: '"hello"' });
    expect(ownMessages(pool).length).toBeGreaterThan(0);
  });

  test('that disappears is told of, and the pool goes on and is whole again once it is back', async () => {
    const path = await writeModule('own.mjs', `export default ${aType('own')};`);
    const pool = await start({ concurrency: 3, modules: [path] });
    const [living, ...killed] = await acquireAll(pool, 4);
    if (!living) throw new Error('There are to be four');
    for (const handlerProcess of killed) pool.release(handlerProcess);
    await rename(path, `${path}.away`);
    for (const { pid } of killed) if (pid !== undefined) process.kill(pid, 'SIGKILL');
    // So often that it would be the end if none were left.
    await waitFor('starts that fail', () => failedStarts(pool).length >= 5);
    for (const { facts } of failedStarts(pool))
      expect(facts).toMatchObject({ err: expect.any(TaskTypesError) });
    pool.release(living);
    expect((await attempt(pool, 'own')).end).toMatchObject({ kind: 'completed', result: '"own"' });
    expect(await stillPending(pool.failed)).toBe(true);

    await rename(`${path}.away`, path);
    const all = await acquireAll(pool, 4);
    expect(pidsOf(all)).toContain(living.pid);
    for (const handlerProcess of all) {
      expect((await handlerProcess.run(anInput('own'), () => undefined)).kind).toBe('completed');
    }
  }, 60_000);

  test('that disappears with all processes is the end of the pool', async () => {
    const path = await writeModule('own.mjs', `export default ${aType('own')};`);
    const pool = await start({ modules: [path] });
    const all = await acquireAll(pool, 2);
    for (const handlerProcess of all) pool.release(handlerProcess);
    await rm(path);
    for (const { pid } of all) if (pid !== undefined) process.kill(pid, 'SIGKILL');
    await expect(pool.failed).rejects.toThrow('own.mjs');
    expect(failedStarts(pool).length).toBeGreaterThanOrEqual(5);
  }, 60_000);
});

function failedStarts({ logged }: TestPool): LogEntry[] {
  return logged.filter(({ level, message }) => level === 'error' && message.includes('could not be started'));
}

function stillPending(promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(
    () => false,
    () => false,
  );
  return Promise.race([settled, new Promise<boolean>((resolve) => setImmediate(resolve, true))]);
}

test('a process that cannot be started at all is an error like others', async () => {
  const { execPath } = process;
  process.execPath = join(folder, 'no-node');
  try {
    await expect(startTestPool({})).rejects.toThrow('ENOENT');
  } finally {
    process.execPath = execPath;
  }
});

describe('what handlers print', () => {
  test.each(['log', 'error'] as const)('with console.%s is logged with its task', async (to) => {
    const pool = await start();
    const { pid } = await attempt(pool, 'prints', { lines: 2, to });
    const level = to === 'log' ? 'info' : 'warn';
    const facts = { handlerPid: pid, task: 'task of type prints' };
    await waitFor('the last line', () => pool.logged.some(({ message }) => message === 'the last line'));
    expect(pool.logged).toEqual([
      { level, facts, message: 'line 1 ...' },
      { level, facts, message: 'line 2 ...' },
      { level, facts, message: 'the last line' },
    ]);
  });

  test('without end is bounded, and what was left out is counted', async () => {
    const pool = await start();
    // The pause is longer than the time in which lines are counted.
    await attempt(pool, 'prints', { lines: 5000, length: 50, pause_ms: 1500 });
    await waitFor('the last line', () => pool.logged.some(({ message }) => message === 'the last line'));
    const lines = pool.logged.filter(({ message }) => message.startsWith('line '));
    const leftOut = pool.logged.flatMap(({ message }) => /^\((\d+) more lines/.exec(message)?.[1] ?? []);
    expect(lines.length).toBeGreaterThanOrEqual(100);
    // Two seconds, if it was slow.
    expect(lines.length).toBeLessThanOrEqual(300);
    expect(lines.length + leftOut.reduce((sum, count) => sum + Number(count), 0)).toBe(5000);
  });

  test('in one endless line is cut', async () => {
    const pool = await start();
    await attempt(pool, 'prints', { lines: 1, length: 1_000_000 });
    await waitFor('the last line', () => pool.logged.some(({ message }) => message === 'the last line'));
    expect(pool.logged.map(({ message }) => message.length)).toEqual([2000, 13]);
  });
});

function ownMessages({ logged }: TestPool): LogEntry[] {
  return logged.filter(({ message }) => message.includes('messages of its own'));
}

test("messages of a handler's own are ignored, with one warning for its process", async () => {
  const pool = await start();
  const messages = [
    'hello',
    1,
    null,
    [],
    {},
    { type: 'completed' },
    { type: 'told', told: { log: 'no list' } },
  ];
  for (let count = 0; count < 2; count += 1) {
    const { end, pid, told } = await attempt(pool, 'sends', { messages });
    expect(end).toMatchObject({ kind: 'completed', result: `{"pid":${pid}}` });
    expect(told).toEqual([]);
    expect(ownMessages(pool)).toEqual([
      { level: 'warn', facts: { handlerPid: pid, task: 'task of type sends' }, message: expect.any(String) },
    ]);
  }
});

test('a large payload comes back unchanged, whatever is in it', async () => {
  const pool = await start();
  const odd =
    '{"__proto__":{"polluted":true},"constructor":{"prototype":1},"":null,"\\ud800":"\\udfff 👩‍👩‍👧 \\u0000\\u2028"}';
  const text = `{"odd":${odd},"emoji":"${'👍'.repeat(30_000)}","lone":"${'\\ud83d'.repeat(20_000)}","n":[1e308,-0.5,1e-7]}`;
  expect(Buffer.byteLength(text)).toBeGreaterThan(240_000);
  const payload: unknown = JSON.parse(text);
  const { end } = await attempt(pool, 'echo', payload);
  if (end.kind !== 'completed') throw new Error(`It ${end.kind}`);
  expect(JSON.stringify((JSON.parse(end.result) as { payload: unknown }).payload)).toBe(
    JSON.stringify(payload),
  );
});

describe('a checkpoint', () => {
  test.each([
    ['letters', 'x'],
    ['letters of two bytes', 'é'],
  ])('of exactly 256 KiB passes, in %s', async (_what, character) => {
    const pool = await start();
    const { end, told } = await attempt(pool, 'saves', { bytes: maxCheckpointBytes, character });
    expect(end.kind).toBe('completed');
    const saved = told.flatMap(({ checkpoint }) => checkpoint ?? []);
    expect(saved.map((json) => Buffer.byteLength(json))).toEqual([256 * 1024]);
  });

  test('of one byte more fails its attempt', async () => {
    const pool = await start();
    const { end, told } = await attempt(pool, 'saves', { bytes: maxCheckpointBytes + 1 });
    expect(end).toMatchObject({
      kind: 'failed',
      failure: { type: 'CheckpointTooLarge', retryable: false, message: expect.stringContaining('262145') },
    });
    expect(told).toEqual([]);
  });
});
