// Task types for tests, in a module like a user's own. Real workers load it through TASKBELL_TASK_MODULES.
import { appendFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { defineTaskType, TaskFailure } from '../../dist/activities/types/define.js';

const echo = defineTaskType({
  name: 'echo',
  description: 'Returns what its handler was called with',
  payload: z.looseObject({}),
  run: async ({ taskId, owner, attempt, idempotencyKey, schedule }, payload) => ({
    taskId,
    owner,
    attempt,
    idempotencyKey,
    payload,
    ...(schedule && { schedule }),
  }),
});

const flaky = defineTaskType({
  name: 'flaky',
  description: 'Fails in its first attempts',
  payload: z.strictObject({ failures: z.int(), retry_after_ms: z.int().optional() }),
  run: async ({ attempt, checkpoint, idempotencyKey, log }, { failures, retry_after_ms }) => {
    log.info(`attempt ${attempt}`);
    const before = checkpoint.read() ?? [];
    checkpoint.write(before.concat(idempotencyKey));
    if (attempt > failures) return { attempt, earlier: before };
    throw new TaskFailure('Flaky', `failure ${attempt}`, { retryable: true, retryAfterMs: retry_after_ms });
  },
});

const hopeless = defineTaskType({
  name: 'hopeless',
  description: 'Fails with an error that is not retryable',
  payload: z.strictObject({}),
  run: async () => {
    throw new TaskFailure('Hopeless', 'no retry can help', { retryable: false });
  },
});

const slow = defineTaskType({
  name: 'slow',
  description: 'Takes a while, reports its progress and stops when asked to',
  payload: z.strictObject({ steps: z.int(), step_ms: z.int() }),
  run: async ({ progress, signal }, { steps, step_ms }) => {
    for (let step = 1; step <= steps; step += 1) {
      await sleep(step_ms, undefined, { signal });
      progress((step / steps) * 100, `step ${step} of ${steps}`);
    }
    return { steps };
  },
});

const marks = defineTaskType({
  name: 'marks',
  description: 'Leaves a mark in a file when it starts, and another when it ends',
  payload: z.strictObject({ file: z.string(), wait_ms: z.int().default(0) }),
  run: async ({ attempt, signal }, { file, wait_ms }) => {
    await appendFile(file, `attempt ${attempt}\n`);
    await sleep(wait_ms, undefined, { signal });
    await appendFile(file, 'done\n');
    return { attempt };
  },
});

const grumpy = defineTaskType({
  name: 'grumpy',
  description: 'Runs until it is asked to stop, then throws its own error or returns',
  payload: z.strictObject({ ends_by: z.enum(['throw', 'return']) }),
  run: async ({ signal }, { ends_by }) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    if (ends_by === 'throw') throw new Error('I was interrupted');
    return { stopped: String(signal.reason) };
  },
});

const hangs = defineTaskType({
  name: 'hangs',
  description: 'Never ends, even when asked to stop',
  payload: z.strictObject({}),
  run: () => new Promise(() => undefined),
});

const odd = defineTaskType({
  name: 'odd',
  description: 'Returns a value that is hard to store, or throws one that is not an Error',
  payload: z.strictObject({ kind: z.enum(['huge', 'cyclic', 'function', 'nothing', 'throws-a-string']) }),
  run: async (_context, { kind }) => {
    const cyclic = {};
    cyclic.self = cyclic;
    if (kind === 'throws-a-string') throw 'just a string';
    return { huge: 'x'.repeat(300_000), cyclic, function: () => 1, nothing: undefined }[kind];
  },
});

const bad = defineTaskType({
  name: 'bad',
  description: 'Fails with values that are too large, or of the wrong type',
  payload: z.strictObject({
    how: z.enum(['big-checkpoint', 'cyclic-checkpoint', 'long-message', 'odd-message', 'far-retry']),
  }),
  run: async ({ checkpoint, attempt }, { how }) => {
    if (attempt > 1) return { attempt };
    const cyclic = {};
    cyclic.self = cyclic;
    if (how === 'big-checkpoint') checkpoint.write('x'.repeat(3_000_000));
    if (how === 'cyclic-checkpoint') checkpoint.write(cyclic);
    if (how === 'long-message') throw new Error('x'.repeat(5_000_000));
    if (how === 'odd-message') throw Object.assign(new Error('odd'), { message: { not: 'a string' } });
    throw new TaskFailure('Far', 'come back in a million years', { retryable: true, retryAfterMs: 1e17 });
  },
});

const rejections = { words: /^[a-z]+$/, most: 3 };

const allKinds = defineTaskType({
  name: 'all-kinds',
  description: 'Has a field of every kind, and <b>rejects</b> some values',
  payload: z
    .strictObject({
      sure: z.boolean().describe('Whether the user is sure'),
      loud: z.boolean().default(true),
      words: z.array(z.string().regex(rejections.words, 'Only a to z.')).optional(),
      limits: z
        .strictObject({ most: z.number().min(1).max(9).optional() })
        .superRefine(({ most }, context) => {
          if (most !== rejections.most) return;
          context.addIssue({ code: 'custom', path: ['most'], message: 'Three is too many.' });
          context.addIssue({ code: 'custom', message: 'These limits are invalid.' });
        }),
      note: z.string().default('none'),
    })
    .superRefine(({ sure }, context) => {
      if (sure) return;
      context.addIssue({ code: 'custom', path: ['nowhere', 'at', 'all'], message: 'Must be true.' });
    }),
  run: async (_context, payload) => payload,
});

/** How a brisk attempt can end other than by its result. */
const briskEnds = {
  fail: ({ attempt }) => {
    throw new TaskFailure('Brisk', `failure ${attempt}`, { retryable: true });
  },
  exit: () => process.exit(3),
  kill: () => process.kill(process.pid, 'SIGKILL'),
  leak: async ({ signal }) => {
    const kept = [];
    while (!signal.aborted) {
      kept.push(Buffer.alloc(32 * 1024 * 1024, 1));
      await sleep(20);
    }
  },
};

const brisk = defineTaskType({
  name: 'brisk',
  description:
    'Is quick, unless its payload says otherwise or it is asked to wait; its first attempt may fail',
  payload: z.strictObject({
    slow: z.boolean().default(false),
    ms: z.array(z.int()).default([]),
    ends_by: z.enum(['fail', 'exit', 'kill', 'leak']).optional(),
    file: z.string().optional(),
  }),
  quick: ({ slow }) => !slow,
  run: async (context, { ms, ends_by, file }) => {
    const { attempt, idempotencyKey, log, checkpoint, signal } = context;
    log.info(`attempt ${attempt}`);
    const before = checkpoint.read() ?? [];
    checkpoint.write(before.concat(attempt));
    if (file !== undefined) await appendFile(file, `${idempotencyKey}\n`);
    await sleep(ms[attempt - 1] ?? 0, undefined, { signal });
    if (attempt === 1 && ends_by !== undefined) await briskEnds[ends_by](context);
    return { attempt, before };
  },
});

export default [brisk, echo, flaky, hopeless, slow, marks, grumpy, hangs, odd, bad, allKinds];
