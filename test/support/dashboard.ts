import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import axe from 'axe-core';
import type { BrowserContextOptions } from 'playwright-core';
import { observe, type Observed, type Page, type Pages } from './browser.ts';
import { jwtSecret, type Service, type TestAccount, type UserName } from './service.ts';

export interface OpenPage {
  readonly page: Page;
  readonly observed: Observed;
  close(): Promise<void>;
}

export interface OpenOptions extends BrowserContextOptions {
  readonly path?: string;
  readonly user?: UserName;
  readonly url?: string;
}

/**
 * Opens the dashboard in its own browser context, signed in by request: the form costs a third more processor time, and
 * has its own tests.
 * @param url address to open, if the service is not reached directly.
 */
export async function openDashboard(
  browser: Pages,
  service: Pick<Service, 'url' | 'users'>,
  { path = '/', user = 'alice', url = service.url, ...options }: OpenOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext(options);
  const { name, password } = service.users[user];
  const signIn = await context.request.post(`${url}/api/session/`, { data: { username: name, password } });
  if (!signIn.ok()) throw new Error(`Could not sign in as ${name}: ${signIn.status()}`);
  const page = await context.newPage();
  const observed = observe(page);
  await page.goto(url + path);
  await page.getByText('Live', { exact: true }).waitFor({ state: 'attached' });
  return { page, observed, close: () => context.close() };
}

export async function signInByForm(page: Page, { name, password }: TestAccount): Promise<void> {
  await page.getByLabel('Username').fill(name);
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

/** Returns the accessibility problems that axe-core finds in the page's current state, as readable text. */
export async function axeFindings(page: Page): Promise<string[]> {
  // Not added as a script element: the page's Content-Security-Policy forbids inline scripts.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>('axe.run()');
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${help}\n${html}\n${failureSummary ?? ''}`),
  );
}

/** Creates a sign-in link with `taskbell users link`. */
export async function signInLink(
  service: Pick<Service, 'url' | 'environment' | 'users'>,
  user: UserName,
  url = service.url,
): Promise<string> {
  const { name } = service.users[user];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [resolve('dist/src/cli/main.js'), 'users', 'link', name, '--url', url],
    { env: { ...service.environment, TASKBELL_JWT_SECRET: jwtSecret } },
  );
  return stdout.trim();
}
