// Task types that behave as badly as those of users can. Real workers load this module through
// TASKBELL_TASK_MODULES.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { defineTaskType, TaskFailure } from '../../dist/activities/types/define.js';
import { block } from './block.mjs';

/** Ways to end a handler's process, or the worker that it needs. All other attempts must survive each of them. */
const ends = {
  exit: () => process.exit(3),
  abort: () => process.abort(),
  'kill-itself': () => process.kill(process.pid, 'SIGKILL'),
  'kill-worker': () => process.kill(process.ppid, 'SIGKILL'),
  'throw-later': () => setTimeout(() => throwHere('thrown in a timer'), 10),
  'reject-later': () => void Promise.reject(new RangeError('never awaited')),
  'exhaust-heap': () => {
    for (const kept = []; ;) kept.push(Array.from({ length: 1e6 }, () => kept.length));
  },
};

function throwHere(message) {
  throw new Error(message);
}

const dies = defineTaskType({
  name: 'dies',
  description: 'Takes its process down, in a given number of attempts',
  payload: z.strictObject({
    how: z.enum(Object.keys(ends)),
    times: z.int().default(1),
    after_ms: z.int().default(0),
  }),
  run: async ({ attempt, log, checkpoint, idempotencyKey }, { how, times, after_ms }) => {
    if (attempt > times) return { attempt, idempotencyKey, saved: checkpoint.read() ?? null };
    checkpoint.write(`saved by attempt ${attempt}`);
    log.info(`about to ${how}`);
    await sleep(after_ms);
    ends[how]();
    return new Promise(() => undefined);
  },
});

const loops = defineTaskType({
  name: 'loops',
  description: 'Loops forever, and blocks its process',
  payload: z.strictObject({}),
  run: async ({ log, progress }) => {
    log.info('looping');
    progress(50, 'in the loop');
    block();
  },
});

const leaks = defineTaskType({
  name: 'leaks',
  description: 'Leaks some megabytes in each step',
  payload: z.strictObject({ megabytes: z.int(), steps: z.int().default(1), step_ms: z.int().default(0) }),
  run: async (_context, { megabytes, steps, step_ms }) => {
    for (let step = 0; step < steps; step += 1) {
      leaked.push(Buffer.alloc(megabytes * 1024 * 1024, 1));
      await sleep(step_ms);
    }
    return { pid: process.pid };
  },
});
const leaked = [];

const tidy = (name, cleanupSeconds) =>
  defineTaskType({
    name,
    description: 'Runs until it is asked to stop, cleans up for a while, and reports',
    payload: z.strictObject({
      cleanup_ms: z.int().default(0),
      ends_by: z.enum(['report', 'throw', 'fail']).default('report'),
    }),
    retryOn: { softTimeLimit: false, timeLimit: true },
    cleanupSeconds,
    run: async ({ signal, log, checkpoint, attempt }, { cleanup_ms, ends_by }) => {
      const before = checkpoint.read();
      if (before !== undefined) return { attempt, before };
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      log.info(`asked to stop at ${Date.now()}: ${signal.reason.name}`);
      checkpoint.write({ stopped: signal.reason.name });
      await sleep(cleanup_ms);
      if (ends_by === 'throw') throw new Error('I was interrupted');
      if (ends_by === 'fail')
        throw new TaskFailure('CleanedUp', 'says that it has cleaned up', { retryable: false });
      return { stopped: signal.reason.name };
    },
  });

const chatters = defineTaskType({
  name: 'chatters',
  description: 'Logs, prints and reports without a pause',
  payload: z.strictObject({ milliseconds: z.int() }),
  run: async ({ log, progress, checkpoint }, { milliseconds }) => {
    const until = Date.now() + milliseconds;
    let words = 0;
    while (Date.now() < until) {
      words += 1;
      progress(words % 100, `word ${words}`);
      log.info(`word ${words}`);
      checkpoint.write(words);
      if (words % 100 === 0) console.log(`word ${words}`);
      if (words % 1000 === 0) process.send?.({ type: 'something of its own' });
    }
    return { words };
  },
});

const looksAround = defineTaskType({
  name: 'looks-around',
  description: 'Returns what it finds in its process',
  payload: z.strictObject({}),
  run: async () => ({ environment: process.env, pid: process.pid, parent: process.ppid }),
});

const spawns = defineTaskType({
  name: 'spawns',
  description: 'Starts a process, logs its id and loops',
  payload: z.strictObject({}),
  run: async ({ log }) => {
    const child = spawn('sleep', ['600'], { stdio: 'inherit' });
    log.info(`pid ${child.pid}`);
    block();
  },
});

const forgets = defineTaskType({
  name: 'forgets',
  description: 'Ends, but leaves a timer behind that logs, reports progress and then throws',
  payload: z.strictObject({}),
  run: async ({ log, progress }) => {
    setTimeout(() => {
      log.info('late words');
      progress(99);
      throwHere('thrown after the end');
    }, 300);
    return { pid: process.pid };
  },
});

const remembers = defineTaskType({
  name: 'remembers',
  description: 'In its first attempt logs, saves and waits; in the next one returns what was saved',
  payload: z.strictObject({}),
  run: async ({ attempt, checkpoint, log, progress, signal }) => {
    if (attempt > 1) return { saved: checkpoint.read() ?? null };
    checkpoint.write('saved by attempt 1');
    log.info('saved');
    progress(30, 'saved');
    await sleep(600_000, undefined, { signal });
    return null;
  },
});

export default [
  dies,
  loops,
  leaks,
  tidy('tidy', 2),
  tidy('thorough', 30),
  chatters,
  looksAround,
  spawns,
  forgets,
  remembers,
];
