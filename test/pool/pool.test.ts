/** The pool, with real handler processes. test/e2e/misbehaviour.test.ts tests its effects on tasks. */
import { ChildProcess } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { HandlerProcess } from '../../activities/pool/handler-process.ts';
import type { HandlerReport } from '../../activities/pool/messages.ts';
import { isRunning } from '../support/child-processes.ts';
import { recordTelemetry } from '../support/telemetry.ts';
import { waitFor } from '../support/wait-for.ts';
import {
  acquireAll,
  acquireDeadline,
  anInput,
  attempt,
  failedStarts,
  occupy,
  pidsOf,
  spawnedPid,
  startTestPool,
  type TestPool,
  usePools,
  noSecrets,
} from '../support/pool.ts';

const { start, path, writeModule } = usePools();

/** Waits until the pool has this many processes. @returns their ids. */
function processesOf(pool: TestPool, count: number): Promise<number[]> {
  return waitFor(`${count} processes`, async () => {
    const pids = await pool.pids();
    return pids.length === count && pids;
  });
}

function recycled(reason: string) {
  return { name: 'taskbell_handler_processes_recycled_total', value: 1, labels: { reason } };
}

describe('a handler process', () => {
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
      const telemetry = recordTelemetry();
      const pool = await start({ concurrency: 2, maxAttempts, telemetry });
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
      await waitFor('worn-out processes to end', async () => {
        const pids = await pool.pids();
        return [...served].every(([pid, attempts]) => attempts < maxAttempts || !pids.includes(pid));
      });
      const worn = [...served.values()].filter((attempts) => attempts === maxAttempts);
      expect(telemetry.measurements).toEqual(worn.map(() => recycled('attempts')));
    },
    60_000,
  );

  test.each([1, 2, 1000])(
    'is available for every concurrent attempt, at %i attempts per process',
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

  test('passes a request to stop, with its reason, to its handler', async () => {
    const pool = await start();
    const handlerProcess = await pool.acquire(acquireDeadline());
    const ending = handlerProcess.run(anInput('tidy'), () => undefined, noSecrets);
    handlerProcess.stop('SoftTimeLimitExceeded', 'Time is over');
    const end = await ending;
    expect(end).toMatchObject({ kind: 'completed', result: '{"stopped":"SoftTimeLimitExceeded"}' });
    pool.release(handlerProcess);
  });
});

describe('a handler process that uses too much memory', () => {
  test('is replaced after its attempt', async () => {
    const telemetry = recordTelemetry();
    const pool = await start({ maxMemoryMb: 200, telemetry });
    const { end, pid } = await attempt(pool, 'leaks', { megabytes: 150 });
    expect(end.kind).toBe('completed');
    await waitFor('the process to be replaced', async () => {
      const pids = await pool.pids();
      return !pids.includes(pid) && pids.length === 2;
    });
    expect(pidsOf(await acquireAll(pool, 2))).not.toContain(pid);
    expect(telemetry.measurements).toEqual([recycled('memory')]);
  });

  test('is killed during its attempt if it is far above the limit', async () => {
    const telemetry = recordTelemetry();
    const pool = await start({ maxMemoryMb: 200, telemetry });
    const { end } = await attempt(pool, 'leaks', { megabytes: 20, steps: 500, step_ms: 50 });
    expect(end).toMatchObject({ kind: 'died', signal: 'SIGKILL', killedFor: 'MemoryLimitExceeded' });
    expect(telemetry.measurements).toEqual([recycled('memory')]);
  });
});

describe('when a handler process ends', () => {
  test.each(['exit', 'abort', 'kill-itself'])('by %s, a spare one takes its place at once', async (how) => {
    const pool = await start({ concurrency: 2 });
    const all = await acquireAll(pool, 3);
    const [busy, spare, dying] = all;
    if (!busy || !spare || !dying) throw new Error('Expected three processes');
    const running = occupy(pool, busy);
    pool.release(spare);
    const before = await pool.pids();
    expect((await dying.run(anInput('dies', { how }), () => undefined, noSecrets)).kind).toBe('died');
    pool.release(dying);
    const next = await pool.acquire(acquireDeadline());
    expect(before).toContain(next.pid);
    expect(next).not.toBe(dying);
    const { pid } = next;
    pool.release(next);
    await running.finish();
    // And a new spare has been started.
    const after = await processesOf(pool, 3);
    expect(after).toContain(pid);
    expect(after).not.toContain(dying.pid);
  });

  test('by a kill from outside while idle, it is replaced and never handed out', async () => {
    const pool = await start({ concurrency: 2 });
    const [first, ...others] = await acquireAll(pool, 3);
    for (const handlerProcess of [...others, first]) if (handlerProcess) pool.release(handlerProcess);
    // The process released last is handed out first.
    if (first?.pid !== undefined) process.kill(first.pid, 'SIGKILL');
    await first?.ended;
    const all = await acquireAll(pool, 3);
    expect(pidsOf(all)).not.toContain(first?.pid);
    for (const handlerProcess of all) {
      expect((await handlerProcess.run(anInput('echo'), () => undefined, noSecrets)).kind).toBe('completed');
    }
  });

  test('processes that its handler started end too, even if it exited by itself', async () => {
    const pool = await start();
    const { end, updates } = await attempt(pool, 'leaves-behind', { what: 'process', exit: true });
    expect(end).toMatchObject({ kind: 'died', code: 4 });
    const spawned = spawnedBy(updates);
    await waitFor('the process that its handler started to end', () => !isRunning(spawned));
  });

  test('after its last attempt, processes that its handlers left behind end too', async () => {
    const pool = await start({ maxAttempts: 1 });
    const { end, updates } = await attempt(pool, 'leaves-behind', { what: 'process' });
    expect(end.kind).toBe('completed');
    const spawned = spawnedBy(updates);
    await waitFor('the process that its handler started to end', () => !isRunning(spawned));
  });
});

function spawnedBy(updates: readonly HandlerReport[]): number {
  return spawnedPid(updates.flatMap(({ log }) => log ?? []));
}

describe('a handler process that is about to end', () => {
  test.each([
    ['throws an uncaught error', 'dies', { how: 'throw-later' }],
    ['throws an uncaught error and still returns', 'throws-and-returns', {}],
  ])('because its handler %s is not handed out', async (_what, type, payload) => {
    const pool = await start();
    await acquireAll(pool, 2).then((all) => all.forEach((handlerProcess) => pool.release(handlerProcess)));
    const { end, pid } = await attempt(pool, type, payload);
    expect(end).toMatchObject({ kind: 'failed', failure: { message: 'thrown in a timer' } });
    // At once, before the process can have ended.
    const next = await pool.acquire(acquireDeadline());
    expect(next.pid).not.toBe(pid);
    expect((await next.run(anInput('echo'), () => undefined, noSecrets)).kind).toBe('completed');
  });

  test('because it was killed is not handed out, even if its attempt ended at the same moment', async () => {
    const pool = await start();
    await acquireAll(pool, 2).then((all) => all.forEach((handlerProcess) => pool.release(handlerProcess)));
    const handlerProcess = await pool.acquire(acquireDeadline());
    const end = await handlerProcess.run(anInput('echo'), () => undefined, noSecrets);
    handlerProcess.kill('TimeLimitExceeded');
    pool.release(handlerProcess);
    expect(end.kind).toBe('completed');
    const next = await pool.acquire(acquireDeadline());
    expect(next).not.toBe(handlerProcess);
    expect((await next.run(anInput('echo'), () => undefined, noSecrets)).kind).toBe('completed');
  });
});

test("an out-of-memory message in one attempt's output is not blamed on the next attempt", async () => {
  // As printed by a process that the handler has started.
  const said = 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory';
  const module = await writeModule(
    'says.mjs',
    `export default defineTaskType({ name: 'says', description: '', payload: z.looseObject({}),
       run: async () => console.error(${JSON.stringify(said)}) });`,
  );
  const pool = await start({ modules: [module, resolve('test/support/misbehaving.mjs')] });
  const first = await attempt(pool, 'says');
  expect(first.end.kind).toBe('completed');
  await waitFor('its output', () => pool.logged.some(({ message }) => message.startsWith('FATAL ERROR')));
  const second = await attempt(pool, 'dies', { how: 'exit' });
  expect(second.pid).toBe(first.pid);
  expect(second.end).toMatchObject({ kind: 'died', code: 3, killedFor: undefined });
});

describe('when all handler processes are busy', () => {
  test('callers get one in the order in which they asked', async () => {
    const pool = await start({ concurrency: 2 });
    const [first, second] = await acquireAll(pool, 2);
    if (!first || !second) throw new Error('Expected two processes');
    const served: string[] = [];
    const ask = async (name: string): Promise<HandlerProcess> => {
      const handlerProcess = await pool.acquire(acquireDeadline());
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

  test('a caller that gives up leaves the queue, and one that is served leaves no abort listener', async () => {
    const pool = await start({ concurrency: 2 });
    const [first, second] = await acquireAll(pool, 2);
    if (!first || !second) throw new Error('Expected two processes');
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
    expect(await pool.acquire(acquireDeadline())).toBe(second);
  });

  test('a caller who may be one more than all others gets a process of its own', async () => {
    const pool = await start();
    const others = await acquireAll(pool, 2);
    const extra = await pool.acquire(acquireDeadline(), true);
    expect(others).not.toContain(extra);
    expect(await pool.pids()).toHaveLength(3);
    pool.release(extra);
    // It stays for the next one, of which none is started.
    expect(await pool.acquire(acquireDeadline(), true)).toBe(extra);
    expect(await pool.pids()).toHaveLength(3);
  });

  test('a caller whose signal is already aborted is not served at all', async () => {
    const pool = await start();
    await expect(pool.acquire(AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
  });
});

/** Checks which callers have been served, once that is settled: a later one has already been rejected. */
async function acquired(pool: TestPool, served: string[], expected: string[]): Promise<void> {
  const later = new AbortController();
  const asked = pool.acquire(later.signal);
  later.abort(new Error('just asking'));
  await expect(asked).rejects.toThrow('just asking');
  expect(served).toEqual(expected);
}

describe('closing the pool', () => {
  test('ends all handler processes, looping or idle, and the processes that they started', async () => {
    const pool = await start({ concurrency: 3 });
    const [looping, spawning, ...idle] = await acquireAll(pool, 3);
    if (!looping || !spawning) throw new Error('Expected three processes');
    for (const handlerProcess of idle) pool.release(handlerProcess);
    const updates: HandlerReport[] = [];
    const looped = looping.run(anInput('loops'), (update) => void updates.push(update), noSecrets);
    const spawned = spawning.run(anInput('spawns'), (update) => void updates.push(update), noSecrets);
    await waitFor('both to loop', () => updates.some(({ progress }) => progress) && spawnedBy(updates) > 0);
    const pids = await processesOf(pool, 4);
    await pool.close();
    expect([...pids, spawnedBy(updates)].filter((pid) => isRunning(pid))).toEqual([]);
    expect(await looped).toMatchObject({ kind: 'died', signal: 'SIGKILL', killedFor: undefined });
    expect(await spawned).toMatchObject({ kind: 'died', signal: 'SIGKILL' });
  });

  test('ends handler processes that are still starting, and starts no more', async () => {
    const pool = await start({ concurrency: 3 });
    const pids = await pool.pids();
    expect(pids).toHaveLength(4);
    await pool.close();
    expect(pids.filter((pid) => isRunning(pid))).toEqual([]);
    expect(await pool.pids()).toEqual([]);
    expect(pool.logged.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('waits for retired handler processes, even if they do not end by themselves', async () => {
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

test("a handler process that cannot be started fails the pool's start with that error", async () => {
  const { execPath } = process;
  process.execPath = path('no-node');
  try {
    await expect(startTestPool({})).rejects.toThrow('ENOENT');
  } finally {
    process.execPath = execPath;
  }
});

test('starts that the system refuses are retried with pauses, until the pool is complete again', async () => {
  const pool = await start({ concurrency: 2 });
  await processesOf(pool, 3);
  const [first, second] = await acquireAll(pool, 2);
  if (!first || !second) throw new Error('Expected two processes');
  const { spawn } = ChildProcess.prototype as unknown as { spawn: unknown };
  let asked = 0;
  // Node throws when the system is out of memory; for other reasons it emits an error.
  Object.assign(ChildProcess.prototype, {
    spawn() {
      asked += 1;
      throw new Error('spawn ENOMEM');
    },
  });
  try {
    first.kill();
    await first.ended;
    pool.release(first);
    await waitFor('a second failed start', () => failedStarts(pool).length >= 2);
    expect(asked).toBeLessThanOrEqual(3);
  } finally {
    Object.assign(ChildProcess.prototype, { spawn });
  }
  pool.release(second);
  expect(pidsOf(await acquireAll(pool, 3))).toContain(second.pid);
});

describe('code that a handler leaves running in its process', () => {
  test('if it throws later, fails no other attempt, and the process is replaced after that attempt', async () => {
    const pool = await start();
    const first = await attempt(pool, 'leaves-behind', { what: 'throw', after_ms: 150 });
    const second = await attempt(pool, 'slow', { steps: 5, step_ms: 100 });
    expect(second.pid).toBe(first.pid);
    expect(second.end).toEqual({ kind: 'completed', result: '{"steps":5}' });
    expect(second.updates.flatMap(({ log }) => log ?? [])).toEqual([]);
    await waitFor('the late error to be logged', () =>
      pool.logged.some(({ message }) => message.includes('thrown after the end')),
    );
    await waitFor('the process to be replaced', async () => !(await pool.pids()).includes(first.pid));
  });

  test('if it ends the process, is not blamed on the attempt that is running', async () => {
    const pool = await start();
    await attempt(pool, 'leaves-behind', { what: 'exit', after_ms: 150 });
    const { end } = await attempt(pool, 'slow', { steps: 2, step_ms: 10_000 });
    expect(end).toMatchObject({ kind: 'died', code: 5, byAnother: true });
  });

  test('if it loops, delays the next attempt for some seconds, which can then start in another process', async () => {
    const pool = await start();
    const { pid } = await attempt(pool, 'leaves-behind', { what: 'loop' });
    await waitFor('the handler to loop', () => pool.logged.some(({ message }) => message === 'looping'));
    const handlerProcess = await pool.acquire(acquireDeadline());
    expect(handlerProcess.pid).toBe(pid);
    const end = await handlerProcess.run(anInput('echo'), () => undefined, noSecrets);
    pool.release(handlerProcess);
    expect(end).toEqual({ kind: 'not_started' });
    expect((await attempt(pool, 'echo')).end.kind).toBe('completed');
  });

  test('is not waited for after a request to stop: the process is replaced', async () => {
    const pool = await start();
    const handlerProcess = await pool.acquire(acquireDeadline());
    await occupy(pool, handlerProcess).finish();
    const next = await pool.acquire(acquireDeadline());
    expect(next).not.toBe(handlerProcess);
    await waitFor('the process to end', async () => !(await pool.pids()).includes(handlerProcess.pid ?? 0));
  });
});

describe('a caller without a slot', () => {
  test('gets a process only while fewer attempts run than there are slots, and after those who have one', async () => {
    const pool = await start({ concurrency: 1 });
    await processesOf(pool, 2);
    const first = await pool.acquireSpare(0);
    // A process is idle, but there is one slot only, also for a caller that has it.
    expect(await pool.acquireSpare(10)).toBeUndefined();
    const order: string[] = [];
    const without = pool.acquireSpare(20_000).then((served) => (order.push('without'), served));
    const withSlot = pool.acquire(acquireDeadline()).then((served) => (order.push('with'), served));
    expect(order).toEqual([]);
    if (first) pool.release(first);
    pool.release(await withSlot);
    const served = await without;
    expect(order).toEqual(['with', 'without']);
    if (served) pool.release(served);
  });

  test('is served by an idle process when a busy one ends', async () => {
    const pool = await start({ concurrency: 1 });
    await processesOf(pool, 2);
    const busy = await pool.acquire(acquireDeadline());
    const waiting = pool.acquireSpare(20_000);
    busy.kill();
    const served = await waiting;
    expect(served?.pid).toBeDefined();
    expect(served?.pid).not.toBe(busy.pid);
    if (served) pool.release(served);
  });

  test('is refused at once if too many wait already', async () => {
    const pool = await start({ concurrency: 1 });
    const busy = await pool.acquire(acquireDeadline());
    const waiting = [pool.acquireSpare(20_000), pool.acquireSpare(20_000)];
    expect(await pool.acquireSpare(20_000)).toBeUndefined();
    pool.release(busy);
    for (const each of waiting) {
      const served = await each;
      expect(served).toBeDefined();
      if (served) pool.release(served);
    }
  });
});
