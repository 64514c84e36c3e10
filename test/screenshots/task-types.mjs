// Task types for the screenshots, such as a small company might have.
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
  description: 'Imports the catalogue of a partner',
  payload: z.strictObject({ partner: z.string(), failures: z.int().default(0) }),
  run: async ({ attempt, log, signal, progress }, { partner, failures }) => {
    log.info(`requesting the catalogue of ${partner}`);
    progress(10, 'requesting');
    await sleep(700, undefined, { signal });
    if (attempt <= failures) {
      log.warn('the response was cut off after 4,096 of 18,220 bytes');
      throw new TaskFailure('ConnectionReset', `${partner} closed the connection`, { retryable: true });
    }
    progress(60, 'writing');
    await sleep(500, undefined, { signal });
    log.info('211 articles are new, 1,804 unchanged');
    return { partner, articles: 2015, added: 211 };
  },
});

export default [report, sync];
