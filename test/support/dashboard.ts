import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions } from 'playwright-core';
import { observe, type Observed, type Page } from './browser.ts';
import { passwords, type Service, type UserName } from './service.ts';

export interface OpenPage {
  readonly page: Page;
  readonly observed: Observed;
  close(): Promise<void>;
}

export interface OpenOptions extends BrowserContextOptions {
  readonly path?: string;
  readonly user?: UserName;
}

/** The dashboard in a browser of its own, so to speak: signed in by its own form, at an address. */
export async function openDashboard(
  browser: Browser,
  url: string,
  { path = '/', user = 'alice', ...options }: OpenOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const observed = observe(page);
  await page.goto(url + path);
  await signInByForm(page, user, passwords[user]);
  // Nobody was signed in when the page was opened, which browsers tell of in their consoles.
  observed.complaints.length = 0;
  return { page, observed, close: () => context.close() };
}

export async function signInByForm(page: Page, username: string, password: string): Promise<void> {
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Live', { exact: true }).waitFor({ state: 'attached' });
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly help: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}

/** What axe-core finds wrong with a page as it is now, for people. */
export async function axeFindings(page: Page): Promise<string[]> {
  // Not as a script element: the page's policy allows none that is written into it.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>('axe.run()');
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${help}\n${html}\n${failureSummary ?? ''}`),
  );
}

/** A sign-in link as `taskbell users link` prints it, for the secret of `startService`. */
export async function signInLink(
  { url, environment }: Pick<Service, 'url' | 'environment'>,
  user: UserName,
): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [resolve('dist/src/cli/main.js'), 'users', 'link', user, '--url', url],
    { env: { ...environment, TASKBELL_JWT_SECRET: 'a secret that only these tests know about' } },
  );
  return stdout.trim();
}
