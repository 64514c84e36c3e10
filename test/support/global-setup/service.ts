import type { TestProject } from 'vitest/node';
import { startBrowserServer } from '../browser.ts';
import { startService } from '../service.ts';
import { provideTemporal } from './temporal.ts';

/** Starts what the files of a test project share: a Temporal server, a service (`useService()`) and a browser. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const each of closers.toReversed()) await each();
  };
  try {
    const temporal = await provideTemporal(project);
    closers.push(() => temporal.close());
    const browser = await startBrowserServer();
    closers.push(() => browser.close());
    project.provide('browser', browser.wsEndpoint());
    const service = await startService({
      temporal,
      environment: {
        // Several files run at once, and each can keep some attempts running.
        TASKBELL_WORKER_CONCURRENCY: '12',
        TASKBELL_WEB_UI_URL: temporal.webUiUrl,
      },
    });
    closers.push(() => service.close());
    const { url, home, taskQueue, environment } = service;
    project.provide('service', { url, home, taskQueue, environment });
    return close;
  } catch (error) {
    await close();
    throw error;
  }
}
