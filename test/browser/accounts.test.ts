/** One browser, several accounts: the signed-in user changes while pages are open. */
import { randomUUID } from 'node:crypto';
import { beforeEach, afterEach, describe, expect, test } from 'vitest';
import { type Page, useBrowser } from '../support/browser.ts';
import { openDashboard, type OpenPage, signInByForm, signInLink } from '../support/dashboard.ts';
import { startLink } from '../support/link.ts';
import { type UserName, useService } from '../support/service.ts';

const service = useService();
const browser = useBrowser();
let opened: OpenPage;
let page: Page;

async function open(path: string): Promise<void> {
  opened = await openDashboard(browser, service, { path });
  ({ page } = opened);
}
beforeEach(() => open('/tasks'));
afterEach(() => opened.close());

const api = (path: string) => `${service.url}${path}`;

const linkOf = (user: UserName) => signInLink(service, user);

/** Signs in with the browser's cookies, but not in a page, so that no page can announce it to the others. */
async function signInElsewhere(user: UserName): Promise<void> {
  const { name, password } = service.users[user];
  const data = { username: name, password };
  const answer = await page.context().request.post(api('/api/session/'), { data });
  expect(answer.status()).toBe(200);
}

const nameShown = () => page.locator('summary .menu-name').textContent();

describe('another sign-in in the same browser', () => {
  test('as another user switches every open page to that user, and ends the previous session', async () => {
    const [alice, bob] = await Promise.all([service.as('alice'), service.as('bob')]);
    const [its, others] = [randomUUID(), randomUUID()];
    await alice.create({ name: its, delay: 3600 });
    await bob.create({ name: others, delay: 3600 });
    await page.reload();
    await page.getByText(its).waitFor();
    const [cookie] = await page.context().cookies();
    const second = await page.context().newPage();
    await second.goto(await linkOf('bob'));
    await second.getByText('Live', { exact: true }).waitFor({ state: 'attached' });
    await expect.poll(nameShown).toBe(service.users.bob.name);
    await page.getByText(others).waitFor();
    expect(await page.getByText(its).count()).toBe(0);
    const before = await fetch(api('/api/session/'), {
      headers: { Cookie: `taskbell_session=${cookie?.value ?? ''}` },
    });
    expect(before.status).toBe(401);
    // Actions on the page are now bob's, and are not rejected.
    await page.getByText('Live', { exact: true }).waitFor({ state: 'attached' });
    await page.getByRole('link', { name: 'New task' }).click();
    await page.getByLabel('Name', { exact: true }).fill('made by bob');
    await page.getByRole('button', { name: 'Create task' }).click();
    await page.getByRole('heading', { name: 'made by bob' }).waitFor();
  });

  test('as another user is noticed even if no page has announced it', async () => {
    await signInElsewhere('bob');
    // The end of the old session closes the feed, whose next ticket is rejected.
    await expect.poll(nameShown, { timeout: 30_000 }).toBe(service.users.bob.name);
  });

  test('as the same user leaves the page with a valid CSRF token, so that it can still sign out', async () => {
    await page.evaluate('document.querySelector("main h1").dataset.stays = "yes"');
    await signInElsewhere('alice');
    await page.locator('summary', { hasText: service.users.alice.name }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.getByRole('alert').textContent()).toBe('');
    expect(await page.context().cookies()).toEqual([]);
  });

  test('as the same user does not make later actions of the page fail', async () => {
    await page.getByRole('link', { name: 'New task' }).click();
    await page.getByLabel('Name', { exact: true }).fill('after another sign-in');
    await signInElsewhere('alice');
    await page.getByRole('button', { name: 'Create task' }).click();
    await page.getByRole('heading', { name: 'after another sign-in' }).waitFor();
    expect(await nameShown()).toBe(service.users.alice.name);
  });

  test('leaves no messages of the previous user, and a late response to their request shows and opens nothing', async () => {
    await page.getByRole('link', { name: 'New task' }).click();
    await page.getByLabel('Name', { exact: true }).fill('alice’s own');
    let answer = (): void => undefined;
    const held = new Promise<void>((done) => {
      answer = done;
    });
    await page.route('**/api/tasks/', async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      const response = await route.fetch();
      await held;
      return route.fulfill({ response });
    });
    const created = page.waitForRequest(
      (request) => request.method() === 'POST' && request.url().endsWith('/api/tasks/'),
    );
    await page.getByRole('button', { name: 'Create task' }).click();
    const request = await created;
    const second = await page.context().newPage();
    await second.goto(await linkOf('bob'));
    await expect.poll(nameShown).toBe(service.users.bob.name);
    answer();
    await (await request.response())?.finished();
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    expect(await page.getByText('alice’s own').count()).toBe(0);
    expect(new URL(page.url()).pathname).toBe('/');
  });
});

test('a user who leaves the form while it is being sent is notified of the new task, and stays where they are', async () => {
  await page.getByRole('link', { name: 'New task' }).click();
  await page.getByLabel('Name', { exact: true }).fill('slowly made');
  let answer = (): void => undefined;
  const held = new Promise<void>((done) => {
    answer = done;
  });
  await page.route('**/api/tasks/', async (route) => {
    if (route.request().method() === 'POST') await held;
    return route.continue();
  });
  await page.getByRole('button', { name: 'Create task' }).click();
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
  answer();
  await page.getByText('“\u2068slowly made\u2069” was created.').waitFor();
  expect(new URL(page.url()).pathname).toBe('/');
  // The message is for alice, not for the next user.
  await page.locator('summary', { hasText: service.users.alice.name }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await signInByForm(page, service.users.bob);
  expect(await page.getByText('slowly made').count()).toBe(0);
});

describe('a sign-in link that is entered in the address bar of an open page', () => {
  test('signs in without a reload, and is removed from the address', async () => {
    const { hash } = new URL(await linkOf('bob'));
    await page.evaluate('globalThis.stays = true');
    await page.goto(api(`/tasks${hash}`));
    await expect.poll(nameShown).toBe(service.users.bob.name);
    expect(page.url()).toBe(api('/tasks'));
    expect(await page.evaluate('globalThis.stays')).toBe(true);
  });

  test('and is not valid shows an error, and leaves the current user signed in', async () => {
    await page.goto(api('/tasks#sign-in=nothing'));
    await page.getByText('The link is invalid, expired or already used.').waitFor();
    expect(await nameShown()).toBe(service.users.alice.name);
    expect(page.url()).toBe(api('/tasks'));
  });

  test('can be tried again if the service does not respond', async () => {
    const { hash } = new URL(await linkOf('bob'));
    await page.route('**/api/session/', (route) => route.abort('connectionrefused'));
    await page.goto(api(`/tasks${hash}`));
    await page.getByRole('heading', { name: 'Taskbell is not responding' }).waitFor();
    expect(page.url()).toBe(api('/tasks'));
    await page.unroute('**/api/session/');
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(nameShown).toBe(service.users.bob.name);
  });
});

test.each<[string, string, string]>([
  ['the sign-in page of a network', 'text/html', '<html>Welcome to our hotel</html>'],
  ['a truncated response', 'application/json', '{"account": {"id": "1"'],
  ['a response of another shape', 'application/json', '{"account": null}'],
])('on load, %s counts as no response, and can be retried', async (_what, contentType, body) => {
  await page.route('**/api/session/', (route) => route.fulfill({ status: 200, contentType, body }));
  await page.reload();
  await page.getByRole('heading', { name: 'Taskbell is not responding' }).waitFor();
  await page.unroute('**/api/session/');
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect.poll(nameShown).toBe(service.users.alice.name);
  expect(opened.observed.complaints).toEqual([]);
});

test('the account menu stays open on a click inside, and closes on a click outside', async () => {
  const menu = page.locator('details.menu');
  await menu.locator('summary').click();
  await menu.getByRole('link', { name: 'API documentation' }).waitFor();
  await menu.getByText(`Signed in as ${service.users.alice.name}`, { exact: true }).click();
  expect(await menu.getAttribute('open')).not.toBeNull();
  await page.getByRole('heading', { name: 'Tasks', level: 1 }).click();
  await expect.poll(() => menu.getAttribute('open')).toBeNull();
});

test('the page is live again within 8 s after a long outage of the service', async () => {
  const link = await startLink(service.url);
  const { page, close } = await openDashboard(browser, service, { url: link.url });
  link.cut();
  await page.getByText('Connection lost').waitFor();
  // Long enough that the client itself retries only rarely.
  for (let tries = 0; tries < 5; tries += 1)
    await page.waitForRequest((request) => request.url().endsWith('/healthz'));
  link.restore();
  await page.getByText('Connection lost').waitFor({ state: 'detached', timeout: 8000 });
  expect(await page.getByText('Live', { exact: true }).count()).toBe(1);
  await close();
  await link.close();
});
