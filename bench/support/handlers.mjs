// Task types for benchmarks: loaded by real workers through TASKBELL_TASK_MODULES.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { defineTaskType } from '../../dist/activities/types/define.js';

const paces = defineTaskType({
  name: 'paces',
  description:
    'Reports the current time as its progress at random intervals; its result is the list of these times',
  payload: z.strictObject({ times: z.int() }),
  run: async ({ progress, signal }, { times }) => {
    const reported = [];
    for (let time = 0; time < times; time += 1) {
      await sleep(200 + Math.random() * 1000, undefined, { signal });
      reported.push(Date.now());
      progress(0, String(reported.at(-1)));
    }
    await sleep(3000, undefined, { signal });
    return reported;
  },
});

const stops = defineTaskType({
  name: 'stops',
  description: 'Runs until its signal fires, and logs when that was',
  payload: z.strictObject({}),
  run: async ({ signal, log }) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    log.info(String(Date.now()));
    return null;
  },
});

export default [paces, stops];
