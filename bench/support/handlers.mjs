// Task types for benchmarks: loaded by real workers through TASKBELL_TASK_MODULES.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { defineTaskType } from '../../dist/activities/types/define.js';

const paces = defineTaskType({
  name: 'paces',
  description: 'Tells the time as its progress, now and then; its result is all the times it told',
  payload: z.strictObject({ times: z.int() }),
  run: async ({ progress, signal }, { times }) => {
    const told = [];
    for (let time = 0; time < times; time += 1) {
      await sleep(200 + Math.random() * 1000, undefined, { signal });
      told.push(Date.now());
      progress(0, String(told.at(-1)));
    }
    await sleep(3000, undefined, { signal });
    return told;
  },
});

const heeds = defineTaskType({
  name: 'heeds',
  description: 'Runs until it is told to stop, and logs when that was',
  payload: z.strictObject({}),
  run: async ({ signal, log }) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    log.info(String(Date.now()));
    return null;
  },
});

export default [paces, heeds];
