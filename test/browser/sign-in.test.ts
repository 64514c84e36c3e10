import { randomUUID } from 'node:crypto';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { observe, useBrowser } from '../support/browser.ts';
import { axeFindings, openDashboard, signInByForm, signInLink } from '../support/dashboard.ts';
import { useService } from '../support/service.ts';

const service = useService();
const browser = useBrowser();

test('the sign-in form is shown at any address, and leads to that address after the sign-in', async () => {
  const page = await browser.newPage();
  await page.goto(`${service.url}/tasks?status=FAILED`);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  expect(await axeFindings(page)).toEqual([]);
  await signInByForm(page, service.users.alice);
  await page.getByRole('heading', { name: 'Tasks', level: 1 }).waitFor();
  expect(new URL(page.url()).search).toBe('?status=FAILED');
  await page.context().clearCookies();
  await page.close();
});

test('a link on another site leads to the page, without the sign-in form for someone who is signed in', async () => {
  const page = await browser.newPage();
  await page.route('http://elsewhere.test/', (route) =>
    route.fulfill({ contentType: 'text/html', body: `<a href="${service.url}/tasks">tasks</a>` }),
  );
  await page.goto(service.url);
  await signInByForm(page, service.users.alice);
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
  await page.goto('http://elsewhere.test/');
  await page.getByRole('link', { name: 'tasks' }).click();
  await page.getByRole('heading', { name: 'Tasks', level: 1 }).waitFor();
  expect(page.url()).toBe(`${service.url}/tasks`);
  await page.context().clearCookies();
  await page.close();
});

test('a wrong password shows an error, and the right one is accepted afterwards', async () => {
  const page = await browser.newPage();
  await page.goto(service.url);
  await page.getByLabel('Username').fill('bob');
  await page.getByLabel('Password').fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('No active account').waitFor();
  await signInByForm(page, service.users.bob);
  expect(await page.getByRole('alert').count()).toBe(0);
  await page.close();
});

test('after too many wrong passwords, the form counts down the wait and then accepts the next try', async () => {
  const page = await browser.newPage();
  await page.clock.install();
  await page.goto(service.url);
  await page.getByLabel('Username').fill(`user-${randomUUID()}`);
  await page.getByLabel('Password').fill('a guess');
  const [submit, alert] = [page.getByRole('button', { name: 'Sign in' }), page.getByRole('alert')];
  await expect
    .poll(async () => {
      await submit.click();
      await alert.locator('.problem').waitFor();
      return alert.textContent();
    })
    .toMatch(/Too many failed sign-ins/);
  const timer = page.getByRole('timer');
  const left = async () => Number(/in (\d+) s\./.exec((await timer.textContent()) ?? '')?.[1]);
  const before = await left();
  expect(before).toBeGreaterThan(20);
  expect(await submit.isDisabled()).toBe(true);
  expect(await axeFindings(page)).toEqual([]);
  await page.clock.fastForward(10_000);
  await expect.poll(left).toBeLessThanOrEqual(before - 10);
  expect(await submit.isDisabled()).toBe(true);
  await page.clock.fastForward(21_000);
  await expect.poll(() => submit.isEnabled()).toBe(true);
  expect(await timer.count()).toBe(0);
  await page.getByText('You can try again now.').waitFor();
  expect(await page.getByRole('alert').textContent()).toBe('');
  // As the service does while it still counts: only the clock of the page is ahead.
  await page.route('**/api/session/', (route) =>
    route.fulfill({
      status: 429,
      headers: { 'Retry-After': '20' },
      json: { code: 'too_many_requests', detail: 'Too many failed sign-ins. Wait, then try again.' },
    }),
  );
  await submit.click();
  await timer.waitFor();
  await page.getByLabel('Username').fill(`user-${randomUUID()}`);
  expect(await submit.isEnabled()).toBe(true);
  await page.close();
});

test('a sign-in link signs in once, and leaves nothing in the address', async () => {
  const address = await signInLink(service, 'alice');
  expect(address).toContain('/#sign-in=');
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(address);
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  expect(page.url()).toBe(`${service.url}/`);
  await context.close();

  const second = await browser.newContext();
  const again = await second.newPage();
  await again.goto(address);
  await again.getByRole('heading', { name: 'Sign in' }).waitFor();
  expect((await again.getByRole('alert').textContent())?.length).toBeGreaterThan(10);
  expect(again.url()).toBe(`${service.url}/`);
  await second.close();
});

test('scripts can read no secret of the session, and it survives a reload', async () => {
  const { page, close } = await openDashboard(browser, service);
  const kept = await page.evaluate<string>(
    'JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie])',
  );
  expect(kept).toBe('[[],[],""]');
  await page.reload();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await close();
});

test('signing out ends the session in this page and in all others', async () => {
  const { page, close } = await openDashboard(browser, service);
  const other = await page.context().newPage();
  await other.goto(`${service.url}/tasks`);
  await other.getByText('Live', { exact: true }).waitFor({ state: 'attached' });
  await page.locator('summary', { hasText: service.users.alice.name }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await other.getByText('Your session has ended').waitFor({ timeout: 20_000 });
  await page.reload();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  expect(await page.context().cookies()).toEqual([]);
  await close();
});

test('the sign-in form replaces an open page soon after its account is removed', async () => {
  const name = `user-${randomUUID()}`;
  const run = (...words: string[]) => {
    const child = promisify(execFile)(
      process.execPath,
      [resolve('dist/src/cli/main.js'), 'users', ...words],
      {
        env: service.environment,
      },
    );
    child.child.stdin?.end('a-good-password-1\n');
    return child;
  };
  await run('add', name, '--password-stdin');
  const page = await browser.newPage();
  await page.goto(service.url);
  await expect
    .poll(
      async () => {
        // The running API sees a new user within seconds.
        await page.getByLabel('Username').fill(name);
        await page.getByLabel('Password').fill('a-good-password-1');
        await page.getByRole('button', { name: 'Sign in' }).click();
        await page.getByText('Live', { exact: true }).waitFor({ state: 'attached', timeout: 2000 });
        return true;
      },
      { timeout: 30_000 },
    )
    .toBe(true);
  await run('remove', name);
  await page.getByText('Your session has ended').waitFor({ timeout: 30_000 });
  expect(await page.getByRole('navigation').count()).toBe(0);
  await page.close();
});

test('the page says when the service does not respond, and offers to try again', async () => {
  const page = await browser.newPage();
  // Without a cookie, the page asks nothing before the sign-in.
  await page.context().addCookies([{ name: 'taskbell_session', value: 'x', url: service.url }]);
  await page.route('**/api/session/', (route) => route.abort('connectionrefused'));
  await page.goto(service.url);
  await page.getByRole('heading', { name: 'Taskbell is not responding' }).waitFor();
  expect(await axeFindings(page)).toEqual([]);
  await page.unroute('**/api/session/');
  await page.getByRole('button', { name: 'Try again' }).click();
  await signInByForm(page, service.users.alice);
  await page.close();
});

test('the page has a strict Content-Security-Policy and is revalidated every time; its files are cached for good', async () => {
  const headers = { Cookie: 'taskbell_session=x' };
  const page = await fetch(`${service.url}/tasks`, { headers });
  expect(page.status).toBe(200);
  expect(page.headers.get('Content-Type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('Cache-Control')).toBe('no-cache');
  const policy = page.headers.get('Content-Security-Policy') ?? '';
  for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"]) {
    expect(policy).toContain(rule);
  }
  expect(policy).not.toContain('unsafe');
  const etag = page.headers.get('ETag') ?? '';
  const again = await fetch(service.url, { headers: { ...headers, 'If-None-Match': etag } });
  expect(again.status).toBe(304);
  const scripts = (await page.text()).match(/\/assets\/[^"]+\.js/g) ?? [];
  expect(scripts).toHaveLength(1);
  const script = await fetch(`${service.url}${scripts[0] ?? ''}`);
  expect(script.headers.get('Cache-Control')).toContain('immutable');
  expect(script.headers.get('ETag')).toMatch(/^"[\w-]+"$/);
  expect((await fetch(`${service.url}/assets/nothing.js`)).status).toBe(404);
  // The pages of the app are public; the data that they show is not.
  for (const path of ['/tasks/', '/tasks/new', `/tasks/${randomUUID()}`]) {
    expect((await fetch(service.url + path, { method: 'HEAD' })).status).toBe(200);
  }
  expect((await fetch(`${service.url}/tasks/${randomUUID()}/status/`)).status).toBe(401);
  expect((await fetch(`${service.url}/favicon.svg`)).headers.get('Content-Type')).toBe('image/svg+xml');
});

test("the page's JavaScript is smaller than 120 KiB compressed", async () => {
  const text = await (await fetch(service.url)).text();
  const sizes = (text.match(/\/assets\/[^"]+\.js/g) ?? []).map(async (path) => {
    const page = await browser.newPage();
    const answer = page.waitForResponse((response) => response.url().endsWith(path));
    await page.goto(service.url);
    const { responseBodySize } = await (await answer).request().sizes();
    await page.close();
    return responseBodySize;
  });
  const total = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  expect(total).toBeGreaterThan(10 * 1024);
  expect(total).toBeLessThan(120 * 1024);
});

test('the page sends requests to its own service only, and complies with its policy', async () => {
  const page = await browser.newPage();
  const observed = observe(page);
  await page.goto(service.url);
  await signInByForm(page, service.users.alice);
  for (const name of ['Tasks', 'New task', 'Overview']) {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name }).click();
    await page.getByRole('heading', { name, level: 1 }).waitFor();
  }
  expect(observed.urls.filter((url) => !url.startsWith(`${service.url}/`))).toEqual([]);
  expect(observed.complaints).toEqual([]);
  await page.close();
});

test('a first visit shows the sign-in form without an error in the console, at an unknown address too', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const observed = observe(page);
  await page.goto(service.url);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  expect(observed.complaints).toEqual([]);
  expect(observed.urls.filter((url) => url.includes('/api/'))).toEqual([]);
  await page.goto(`${service.url}/nowhere`);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  // Only that of the page itself.
  expect(observed.complaints.filter((text) => !text.includes('404'))).toEqual([]);
  await context.close();
});

test('going back to a page that was opened before the sign-in, or reloading it, shows the account', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${service.url}/tasks`);
  await signInByForm(page, service.users.alice);
  await page.goto(`${service.url}/docs`);
  const observed = observe(page);
  await page.goBack();
  await page.getByRole('heading', { name: 'Tasks', level: 1 }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Tasks', level: 1 }).waitFor();
  expect(observed.complaints).toEqual([]);
  // A cookie that is not a session's, such as an expired one, leads to the form all the same.
  await context.addCookies([{ name: 'taskbell_session', value: 'x', url: service.url }]);
  await page.reload();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await context.close();
});
