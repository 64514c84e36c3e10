// Task types for pictures: what a small company might have.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { defineTaskType, TaskFailure } from '../../dist/activities/types/define.js';

const payload = z.strictObject({
  pages: z.int().min(1).default(20),
  page_ms: z.int().min(1).default(150),
  format: z.enum(['pdf', 'csv', 'xlsx']).default('pdf'),
});

const report = defineTaskType({
  name: 'report',
  description: 'Writes a report, page by page',
  payload,
  run: async ({ progress, signal, log }, { pages, page_ms, format }) => {
    log.info(`writing ${pages} pages as ${format}`);
    for (let page = 1; page <= pages; page += 1) {
      await sleep(page_ms, undefined, { signal });
      progress((page / pages) * 100, `page ${page} of ${pages}`);
      if (page % 10 === 0) log.info(`page ${page} is written`);
    }
    return { pages, format, bytes: pages * 18_211 };
  },
});

const sync = defineTaskType({
  name: 'sync',
  description: 'Takes over what a partner offers',
  payload: z.strictObject({ partner: z.string(), failures: z.int().default(0) }),
  run: async ({ attempt, log, signal, progress }, { partner, failures }) => {
    log.info(`asking ${partner} for its catalogue`);
    progress(10, 'asking');
    await sleep(700, undefined, { signal });
    if (attempt <= failures) {
      log.warn('the answer was cut off after 4,096 of 18,220 bytes');
      throw new TaskFailure('ConnectionReset', `${partner} closed the connection`, { retryable: true });
    }
    progress(60, 'writing');
    await sleep(500, undefined, { signal });
    log.info('211 articles are new, 1,804 unchanged');
    return { partner, articles: 2015, added: 211 };
  },
});

export default [report, sync];
