/** The dashboard's page of a task, in a real browser, for somebody who has signed in as people do. */
import axe from 'axe-core';
import type { Browser, Page } from './browser.ts';
import { passwords, type Service, type UserName } from './service.ts';

export interface PageOptions {
  readonly user?: UserName;
  readonly colorScheme?: 'light' | 'dark';
  readonly width?: number;
}

/** A page that has the dashboard open; nobody else shares its cookies. */
export async function signedIn(
  browser: Browser,
  { url }: Pick<Service, 'url'>,
  { user = 'alice', colorScheme = 'light', width = 1280 }: PageOptions = {},
): Promise<Page> {
  const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
  await page.goto(`${url}/`);
  await page.getByLabel('User').fill(user);
  await page.getByLabel('Password').fill(passwords[user]);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  return page;
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[];
}

/** What axe finds wrong, a line each. */
export async function axeFindings(page: Page): Promise<string[]> {
  // Not as a script element: the page's policy allows none that is written into it.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<{ violations: Violation[] }>('axe.run()');
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary = '' }) => `${id} at ${target.join(' ')}: ${failureSummary}`),
  );
}
