import type { TestProject } from 'vitest/node';
import { startBrowserServer } from '../browser.ts';
import { startService } from '../service.ts';
import setupTemporal from './temporal.ts';

/** Starts what the files of a test project share: a Temporal server, a service (`useService()`) and a browser. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const each of closers.toReversed()) await each();
  };
  try {
    closers.push(await setupTemporal(project));
    const temporal = project.getProvidedContext().temporal;
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
    const { url: secondUrl } = await service.startApi({ TASKBELL_TRUSTED_PROXIES: '127.0.0.0/8' });
    const { url, home, taskQueue, environment } = service;
    project.provide('service', { url, secondUrl, home, taskQueue, environment });
    return close;
  } catch (error) {
    await close();
    throw error;
  }
}
