/** No handler continues without its worker: its attempt is retried elsewhere. */
import { type ChildProcess, fork } from 'node:child_process';
import { on, once } from 'node:events';
import { resolve } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { childrenOf } from '../support/child-processes.ts';
import { isRunning } from '../support/child-processes.ts';
import { waitFor } from '../support/wait-for.ts';
import { acquireDeadline, anInput, noSecrets, spawnedPid, startTestPool } from '../support/pool.ts';

const deadlineMs = 10_000;
/** Number of handler processes: one per concurrent attempt, and a spare. */
const processes = 4;

let parent: ChildProcess | undefined;
const started: number[] = [];
afterEach(() => {
  parent?.kill('SIGKILL');
  // Each handler process leads its own process group; processes started by handlers do not.
  for (const pid of started.splice(0)) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
});

/** Starts a process that has a pool, as a worker does. */
async function startParent(): Promise<ChildProcess> {
  parent = fork(resolve('test/support/pool-parent.mjs'), { execArgv: [] });
  await once(parent, 'message', { signal: AbortSignal.timeout(20_000) });
  return parent;
}

async function handlersOf({ pid = 0 }: ChildProcess): Promise<number[]> {
  const pids = await waitFor('all handler processes', async () => {
    const children = await childrenOf(pid);
    return children.length === processes && children;
  });
  started.push(...pids);
  return pids;
}

/** Makes the parent run a handler that sleeps, and one that spawns and loops. @returns the spawned process's id. */
async function makeBusy(parent: ChildProcess): Promise<number> {
  parent.send('be busy');
  for await (const [message] of on(parent, 'message', { signal: AbortSignal.timeout(20_000) })) {
    const spawned = spawnedPid([JSON.stringify(message)]);
    if (spawned > 0) {
      started.push(spawned);
      return spawned;
    }
  }
  throw new Error('The parent has ended');
}

async function checkNoneOutlives(parent: ChildProcess, pids: readonly number[]): Promise<void> {
  expect(pids.filter((pid) => !isRunning(pid))).toEqual([]);
  parent.kill('SIGKILL');
  await waitFor('all processes to end', () => !pids.some((pid) => isRunning(pid)), deadlineMs);
}

describe('after a kill -9 of their worker, handler processes end', () => {
  test('if idle, sleeping or busy in a loop, along with a process that a handler has started', async () => {
    const parent = await startParent();
    const pids = await handlersOf(parent);
    const spawned = await makeBusy(parent);
    await checkNoneOutlives(parent, [...pids, spawned]);
  }, 60_000);

  test('if still starting', async () => {
    const parent = await startParent();
    await checkNoneOutlives(parent, await handlersOf(parent));
  });
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s does not end a handler process', async (signal) => {
  const pool = await startTestPool({ concurrency: 2 });
  try {
    const [idle, busy] = [await pool.acquire(acquireDeadline()), await pool.acquire(acquireDeadline())];
    const ending = busy.run(anInput('grumpy', { ends_by: 'return' }), () => undefined, noSecrets);
    const pids = [idle, busy].map(({ pid = 0 }) => pid);
    for (const pid of pids) process.kill(pid, signal);
    // A signal that ends a process does so before the process reads its next message.
    expect((await idle.run(anInput('echo'), () => undefined, noSecrets)).kind).toBe('completed');
    busy.stop('Cancelled', 'The test is over');
    expect((await ending).kind).toBe('completed');
    expect(await pool.pids()).toEqual(expect.arrayContaining(pids));
  } finally {
    await pool.close();
  }
});
