// Task types for tests of handler processes, in addition to those of handlers.mjs and misbehaving.mjs.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { defineTaskType } from '../../dist/activities/types/define.js';
import { block } from './block.mjs';

const prints = defineTaskType({
  name: 'prints',
  description: 'Prints lines, and one more after a pause',
  payload: z.strictObject({
    lines: z.int(),
    length: z.int().default(10),
    to: z.enum(['log', 'error']).default('log'),
    pause_ms: z.int().default(0),
  }),
  run: async (_context, { lines, length, to, pause_ms }) => {
    for (let line = 1; line <= lines; line += 1) console[to](`line ${line} `.padEnd(length, '.'));
    await sleep(pause_ms);
    console[to]('the last line');
    return null;
  },
});

const sends = defineTaskType({
  name: 'sends',
  description: 'Sends the given messages to its worker',
  payload: z.strictObject({ messages: z.array(z.unknown()) }),
  run: async (_context, { messages }) => {
    for (const message of messages) process.send(message);
    return { pid: process.pid };
  },
});

const confides = defineTaskType({
  name: 'confides',
  description: 'Reports a secret in every way that there is, or texts that it is given',
  payload: z.strictObject({
    url: z.string().optional(),
    texts: z.array(z.string()).default([]),
    fails: z.boolean().default(false),
  }),
  run: async ({ secret, log, progress, checkpoint }, { url, texts, fails }) => {
    const known = url === undefined ? texts : [await secret('crm', url)];
    for (const text of known) {
      console.log(`printed ${text}`);
      console.error(`printed ${text}`);
      log.info(`logged ${text}`);
      progress(50, `half of ${text}`);
      checkpoint.write({ [text]: `saved ${text}` });
      if (fails)
        throw Object.assign(new Error(`failed with ${text}`, { cause: text }), { name: `Error of ${text}` });
    }
    return { known };
  },
});

const saves = defineTaskType({
  name: 'saves',
  description: 'Saves a checkpoint of a given size, in bytes of JSON',
  payload: z.strictObject({ bytes: z.int(), character: z.string().default('x') }),
  run: async ({ checkpoint }, { bytes, character }) => {
    checkpoint.write(character.repeat((bytes - 2) / Buffer.byteLength(character)));
    return { saved: checkpoint.read().length };
  },
});

const leavesBehind = defineTaskType({
  name: 'leaves-behind',
  description: 'Ends, but leaves something behind in or beside its process',
  payload: z.strictObject({
    what: z.enum(['loop', 'process', 'throw', 'exit']),
    exit: z.boolean().default(false),
    after_ms: z.int().default(50),
  }),
  run: async ({ log }, { what, exit, after_ms }) => {
    if (what === 'process') {
      const child = spawn('sleep', ['600'], { stdio: 'inherit' });
      log.info(`pid ${child.pid}`);
    } else {
      setTimeout(() => later[what](), after_ms);
    }
    if (exit) process.exit(4);
    return { pid: process.pid };
  },
});

const later = {
  loop: () => {
    console.log('looping');
    block();
  },
  throw: () => {
    throw new Error('thrown after the end');
  },
  exit: () => process.exit(5),
};

const returns = defineTaskType({
  name: 'returns',
  description: 'Returns a result of a given size, in bytes of JSON',
  payload: z.strictObject({ bytes: z.int() }),
  run: async (_context, { bytes }) => 'x'.repeat(bytes - 2),
});

const throwsAndReturns = defineTaskType({
  name: 'throws-and-returns',
  description: 'Throws an error that nothing catches, and returns all the same',
  payload: z.strictObject({}),
  run: () =>
    new Promise((resolve) => {
      setTimeout(() => {
        // A message sent after the error still goes out before the process ends.
        process.nextTick(() => resolve('as if nothing had happened'));
        throw new Error('thrown in a timer');
      }, 0);
    }),
});

export default [prints, sends, confides, saves, leavesBehind, returns, throwsAndReturns];
