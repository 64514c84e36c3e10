/** The client in a browser, as in a page of Taskbell itself: with the cookie of a session and tickets. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { beforeAll, expect, test } from 'vitest';
import type * as Taskbell from '../../src/client/index.ts';
import { observe, useBrowser } from '../support/browser.ts';
import { useService } from '../support/service.ts';

const service = useService();
const browser = useBrowser();
let script: string;

beforeAll(async () => {
  script = await bundle();
});

/** Bundles the file that `taskbell/client` resolves to in browsers. */
async function bundle(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'taskbell-bundle-'));
  try {
    await build({
      configFile: false,
      logLevel: 'error',
      build: {
        outDir: folder,
        lib: { entry: resolve('dist/src/client/index.js'), formats: ['iife'], name: 'taskbell' },
      },
    });
    const [file = ''] = await readdir(folder);
    return await readFile(join(folder, file), 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('the client for browsers is smaller than 6 KiB compressed, and uses nothing that only Node.js has', () => {
  expect(gzipSync(script).length).toBeLessThan(6 * 1024);
  expect(script).not.toMatch(/require\(|node:/);
});

test('in a page, the client creates a task and watches it to its end, with a session cookie and a socket ticket', async () => {
  const page = await browser.newPage();
  const observed = observe(page);
  // Any page of the service's origin will do.
  await page.goto(`${service.url}/docs`);
  // Not as a script element: the page's Content-Security-Policy forbids inline scripts.
  await page.evaluate(`${script}; globalThis.taskbell = taskbell`);
  const statuses = await page.evaluate(
    async ({ url, ...credentials }) => {
      const answer = await fetch('/api/session/', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(credentials),
      });
      const { csrf_token: csrfToken } = (await answer.json()) as { csrf_token: string };
      const { createClient } = (globalThis as unknown as { taskbell: typeof Taskbell }).taskbell;
      const { tasks } = createClient({ url, csrfToken });
      const { id } = await tasks.create({ name: 'from a page', type: 'echo', delay: 4 });
      const seen: string[] = [];
      for await (const { status } of tasks.watch(id, { until: 'ended' })) seen.push(status);
      return seen;
    },
    { url: service.url, username: service.users.alice.name, password: service.users.alice.password },
  );
  expect(statuses.at(0)).toBe('SCHEDULED');
  expect(statuses.at(-1)).toBe('COMPLETED');
  expect(observed.urls.some((url) => url.includes('/api/ws-ticket/'))).toBe(true);
  expect(observed.complaints).toEqual([]);
  await page.close();
});
