/** The dashboard, as somebody at a browser meets it. */
import axe from 'axe-core';
import type { Browser, Page } from './browser.ts';
import { passwords, type Service, type UserName } from './service.ts';

export interface Look {
  readonly colorScheme?: 'light' | 'dark';
  readonly timezoneId?: string;
  readonly viewport?: { readonly width: number; readonly height: number };
}

/** A page of the dashboard, after its own sign-in form has been filled in. */
export async function signedIn(
  browser: Browser,
  { url }: Service,
  { path = '/', user = 'alice', look = {} }: { path?: string; user?: UserName; look?: Look } = {},
): Promise<Page> {
  const page = await browser.newPage(look);
  page.setDefaultTimeout(15_000);
  await page.goto(url + path);
  await page.getByLabel('User').fill(user);
  await page.getByLabel('Password').fill(passwords[user]);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  return page;
}

/** What axe-core finds: each rule, with the elements that break it. */
export async function violations(page: Page, within = 'body'): Promise<unknown[]> {
  // Not as a script element: the page's policy allows none that is written into it.
  await page.evaluate(axe.source);
  return page.evaluate<unknown[]>(
    `axe.run(${JSON.stringify(within)}).then(({ violations }) =>
      violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))`,
  );
}
