/** One browser, several accounts: who is signed in changes under pages that are open. */
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

/** Signs in behind the page's back: with its browser's cookies, but not by a page that could tell of it. */
async function signInElsewhere(user: UserName): Promise<void> {
  const { name, password } = service.users[user];
  const data = { username: name, password };
  const answer = await page.context().request.post(api('/api/session/'), { data });
  expect(answer.status()).toBe(200);
}

const nameShown = () => page.locator('summary .menu-name').textContent();

describe('another sign-in in the same browser', () => {
  test('as somebody else makes of every open page theirs, and ends what was before', async () => {
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
    // What it does is bob's, and is not refused.
    await page.getByText('Live', { exact: true }).waitFor({ state: 'attached' });
    await page.getByRole('link', { name: 'New task' }).click();
    await page.getByLabel('Name', { exact: true }).fill('made by bob');
    await page.getByRole('button', { name: 'Create task' }).click();
    await page.getByRole('heading', { name: 'made by bob' }).waitFor();
  });

  test('as somebody else is noticed though no page has told of it', async () => {
    await signInElsewhere('bob');
    // The end of the old session closes the feed, whose next ticket is refused.
    await expect.poll(nameShown, { timeout: 30_000 }).toBe(service.users.bob.name);
  });

  test('as the same account leaves the page as it is, with a token that is good', async () => {
    await page.evaluate('document.querySelector("main h1").dataset.stays = "yes"');
    await signInElsewhere('alice');
    await page.locator('summary', { hasText: service.users.alice.name }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.getByRole('alert').textContent()).toBe('');
    expect(await page.context().cookies()).toEqual([]);
  });

  test('as the same account refuses nothing that is done afterwards', async () => {
    await page.getByRole('link', { name: 'New task' }).click();
    await page.getByLabel('Name', { exact: true }).fill('after another sign-in');
    await signInElsewhere('alice');
    await page.getByRole('button', { name: 'Create task' }).click();
    await page.getByRole('heading', { name: 'after another sign-in' }).waitFor();
    expect(await nameShown()).toBe(service.users.alice.name);
  });

  test('leaves no messages of the account before, and an answer that comes late says and opens nothing', async () => {
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

test('who has left the form stays where they are, and is told that the task has been created', async () => {
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
  // It says so to alice, and to nobody after her.
  await page.locator('summary', { hasText: service.users.alice.name }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await signInByForm(page, service.users.bob);
  expect(await page.getByText('slowly made').count()).toBe(0);
});

describe('a sign-in link that is put into the address of an open page', () => {
  test('signs in, and is gone from the address', async () => {
    const { hash } = new URL(await linkOf('bob'));
    await page.evaluate('globalThis.stays = true');
    await page.goto(api(`/tasks${hash}`));
    await expect.poll(nameShown).toBe(service.users.bob.name);
    expect(page.url()).toBe(api('/tasks'));
    expect(await page.evaluate('globalThis.stays')).toBe(true);
  });

  test('and is of no use any more changes nothing but says so', async () => {
    await page.goto(api('/tasks#sign-in=nothing'));
    await page.getByText('The link is invalid, expired or used.').waitFor();
    expect(await nameShown()).toBe(service.users.alice.name);
    expect(page.url()).toBe(api('/tasks'));
  });

  test('is still there to be tried again when the service did not answer', async () => {
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
  ['the page of a network that wants one to sign in', 'text/html', '<html>Welcome to our hotel</html>'],
  ['half an answer', 'application/json', '{"account": {"id": "1"'],
  ['an answer of another shape', 'application/json', '{"account": null}'],
])('%s is no answer, and one may ask again', async (_what, contentType, body) => {
  await page.route('**/api/session/', (route) => route.fulfill({ status: 200, contentType, body }));
  await page.reload();
  await page.getByRole('heading', { name: 'Taskbell is not responding' }).waitFor();
  await page.unroute('**/api/session/');
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect.poll(nameShown).toBe(service.users.alice.name);
  expect(opened.observed.complaints).toEqual([]);
});

test('the menu of the account closes when one clicks elsewhere', async () => {
  const menu = page.locator('details.menu');
  await menu.locator('summary').click();
  await menu.getByRole('link', { name: 'API documentation' }).waitFor();
  await menu.getByText(`Signed in as ${service.users.alice.name}`, { exact: true }).click();
  expect(await menu.getAttribute('open')).not.toBeNull();
  await page.getByRole('heading', { name: 'Tasks', level: 1 }).click();
  await expect.poll(() => menu.getAttribute('open')).toBeNull();
});

test('after a restart of the service the page is live again within seconds', async () => {
  const link = await startLink(service.url);
  const { page, close } = await openDashboard(browser, service, { url: link.url });
  link.cut();
  await page.getByText('Connection lost').waitFor();
  // Long enough for the client's own tries to have become rare.
  for (let tries = 0; tries < 5; tries += 1)
    await page.waitForRequest((request) => request.url().endsWith('/healthz'));
  link.restore();
  await page.getByText('Connection lost').waitFor({ state: 'detached', timeout: 8000 });
  expect(await page.getByText('Live', { exact: true }).count()).toBe(1);
  await close();
  await link.close();
});
