/** Creates docs/screenshots/*.png. Run it with `npm run screenshots`. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createClient } from '../../src/client/node.ts';
import { launchBrowser, type Page } from '../support/browser.ts';
import { openDashboard } from '../support/dashboard.ts';
import { startService } from '../support/service.ts';
import { startTestServer } from '../support/temporal.ts';
import { keepBusy, type Scene, setScene } from './workload.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '3' } } });
const folder = 'docs/screenshots';

interface Shot {
  readonly name: string;
  readonly path: string;
  readonly colours?: 'light' | 'dark';
  readonly size?: { readonly width: number; readonly height: number };
  /** Waits until the page shows what the screenshot needs. */
  readonly until: (page: Page) => Promise<unknown>;
}

const shotsOf = ({ running, completed, failing }: Scene): Shot[] => [
  {
    name: 'overview',
    path: '/',
    until: (page) => page.getByRole('img', { name: /^Outcomes/ }).waitFor(),
  },
  {
    name: 'tasks',
    path: '/tasks',
    until: (page) => page.getByRole('progressbar').nth(1).waitFor(),
  },
  {
    name: 'running',
    path: `/tasks/${running}`,
    colours: 'dark',
    until: (page) =>
      page
        .getByText(/page (2\d|[3-9]\d) of 120/)
        .first()
        .waitFor({ timeout: 90_000 }),
  },
  {
    name: 'result',
    path: `/tasks/${completed}`,
    size: { width: 1280, height: 1500 },
    until: (page) => page.getByText('precipitation').first().waitFor(),
  },
  {
    name: 'attempts',
    path: `/tasks/${failing}`,
    until: (page) => page.getByText('closed the connection').first().waitFor(),
  },
  {
    name: 'new-task',
    path: '/tasks/new?type=http-request&name=Call%20the%20warehouse',
    until: (page) => page.getByRole('button', { name: /^Create/ }).waitFor(),
  },
  {
    name: 'phone',
    path: '/tasks',
    colours: 'dark',
    size: { width: 390, height: 844 },
    until: (page) => page.getByRole('progressbar').first().waitFor(),
  },
];

const server = await startTestServer();
const service = await startService({
  temporal: server,
  environment: {
    TASKBELL_TASK_MODULES: resolve('test/screenshots/task-types.mjs'),
    TASKBELL_WORKER_CONCURRENCY: '4',
  },
});
const browser = await launchBrowser();
try {
  const { name: username, password } = service.users.alice;
  const { tasks } = createClient({ url: service.url, username, password });
  await keepBusy(tasks, Number(values.minutes) * 60_000, await readFile('examples/weather.csv', 'utf8'));
  const scene = await setScene(tasks);
  for (const { name, path, colours = 'light', size = { width: 1280, height: 900 }, until } of shotsOf(
    scene,
  )) {
    const options = { path, colorScheme: colours, viewport: size, deviceScaleFactor: 1.5 } as const;
    const { page, close } = await openDashboard(browser, service, options);
    await until(page);
    // Move the pointer off all buttons, and wait for the figures that the page requests later.
    await page.mouse.move(0, 0);
    await page.waitForLoadState('networkidle');
    await page.screenshot({ path: `${folder}/${name}.png` });
    console.log(`${folder}/${name}.png`);
    await close();
  }
} finally {
  await browser.close();
  await service.close();
  await server.close();
}
