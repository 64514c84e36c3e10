import { beforeAll, describe, expect, inject, test } from 'vitest';
import { observe, type Page, useBrowser } from '../support/browser.ts';
import type { Task } from '../../src/contract/task.ts';
import type { Caller } from '../support/caller.ts';
import { useService } from '../support/service.ts';
import { hasEnded, isRunningNow, quickly } from '../support/task.ts';
import { axeFindings, openDashboard, type OpenOptions } from '../support/dashboard.ts';

const hour = 3600;
const timeout = 20_000;

const service = useService();
const browser = useBrowser();
let alice: Caller;

beforeAll(async () => {
  alice = await service.as('alice');
});

/** Opens the page of a task, by default as its owner, checks it with `look`, and closes it. */
async function onPageOf(
  id: string,
  look: (page: Page) => Promise<void>,
  options?: OpenOptions,
): Promise<void> {
  const { page, close } = await openDashboard(browser, service, options);
  const { complaints } = observe(page);
  try {
    await page.goto(`${service.url}/tasks/${id}`);
    await look(page);
    expect(complaints).toEqual([]);
  } finally {
    await close();
  }
}

const status = (page: Page) => page.locator('.task-title .status');
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
async function expectStatus(page: Page, word: string): Promise<void> {
  await expect.poll(() => status(page).textContent(), { timeout }).toBe(word);
}
/** Returns the text of the element that has the focus. */
const focused = (page: Page) =>
  page.evaluate<string>('document.activeElement.textContent.trim().slice(0, 40)');
const segments = (page: Page) => page.locator('.segment-label').allTextContents();

describe('the page of a task', () => {
  test('shows the task from its wait to its end without a reload', async () => {
    const { page, close } = await openDashboard(browser, service);
    const { complaints } = observe(page);
    // Created only now, so that it is not due before the page is open.
    const payload = { steps: 15, step_ms: 200 };
    const { id } = await alice.create({ name: 'watched', type: 'slow', delay: 6, payload, tags: ['a:b'] });
    await page.goto(`${service.url}/tasks/${id}`);
    await page.evaluate('globalThis.isSame = true');
    await expectStatus(page, 'Scheduled');
    expect(await page.locator('.task-waiting').textContent()).toMatch(/Starts in \d s/);
    expect(await page.getByRole('link', { name: 'Tag a:b' }).getAttribute('href')).toBe('/tasks?tag=a%3Ab');
    await expectStatus(page, 'Running');
    const progress = page.getByRole('progressbar', { name: 'Progress of watched' });
    await expect.poll(() => progress.getAttribute('value'), { timeout }).toMatch(/^\d\d/);
    expect(await page.locator('.task-progress').textContent()).toMatch(/\d+% · step \d+ of 15/);
    await expect.poll(() => segments(page), { timeout }).toContain('Attempt 1');
    await expectStatus(page, 'Completed');
    const result = page.getByRole('region', { name: 'Result' });
    await expect.poll(() => result.textContent(), { timeout }).toContain('steps: 15');
    await expect.poll(() => segments(page), { timeout }).toContain('Completed');
    expect(await page.locator('.history-what').last().textContent()).toBe('Created');
    expect(await page.evaluate('globalThis.isSame')).toBe(true);
    expect(complaints).toEqual([]);
    await close();
  });

  test('pauses, resumes and runs the task now, and moves the focus when a button disappears', async () => {
    const { id } = await alice.create({ name: 'later', type: 'echo', delay: hour });
    await onPageOf(id, async (page) => {
      await button(page, 'Pause').click();
      await expectStatus(page, 'Paused');
      await page.getByText('“\u2068later\u2069” was paused.').waitFor();
      expect(await page.locator('.task-waiting').textContent()).toContain('Paused');
      await expect.poll(() => page.locator('.task-waiting').textContent(), { timeout }).toContain('by alice');
      // The button that had the focus no longer exists.
      await expect.poll(() => focused(page)).toBe('Resume');
      await expect.poll(() => segments(page), { timeout }).toEqual(['Scheduled', 'Paused']);
      await button(page, 'Resume').click();
      await expectStatus(page, 'Scheduled');
      await expect.poll(() => focused(page)).toBe('Pause');
      await button(page, 'Run now').click();
      await expectStatus(page, 'Completed');
      await expect.poll(() => focused(page)).toBe('later');
      const history = page.locator('.history');
      await expect
        .poll(() => history.textContent(), { timeout })
        .toMatch(/Completed.*run now.*Resumed.*Paused.*by alice/);
    });
  });

  test('edits the task in a dialog', async () => {
    const { id } = await alice.create({ name: 'before', type: 'echo', delay: hour });
    await onPageOf(id, async (page) => {
      await button(page, 'Edit').click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Name').fill('after');
      await dialog.locator('button.primary').click();
      await page.getByRole('heading', { level: 1, name: 'after' }).waitFor();
      await expect
        .poll(() => page.locator('.history-changes').textContent(), { timeout })
        .toContain('before');
      expect(await page.title()).toBe('after · Taskbell');
    });
  });

  test('shows the owner and a link to the Temporal Web UI to admins only', async () => {
    const { id, owner } = await alice.create({ name: 'hers', type: 'echo', delay: hour });
    await onPageOf(
      id,
      async (page) => {
        await button(page, 'Pause').click();
        await expectStatus(page, 'Paused');
        await page.getByRole('link', { name: owner }).waitFor();
        const link = page.getByRole('link', { name: 'Temporal Web UI' });
        expect(await link.getAttribute('href')).toContain(inject('temporal').webUiUrl);
        expect(await link.getAttribute('target')).toBe('_blank');
        expect(await link.getAttribute('rel')).toBe('noopener noreferrer');
      },
      { user: 'root' },
    );
    await onPageOf(id, async (page) => {
      await expectStatus(page, 'Paused');
      expect(await page.getByRole('link', { name: 'Temporal Web UI' }).count()).toBe(0);
      expect(await page.getByText('Owner').count()).toBe(0);
    });
  });

  test('cancels a running task after a confirmation', async () => {
    const payload = { steps: 1000, step_ms: 200 };
    const { id } = await alice.create({ name: 'runs long', type: 'slow', delay: 0, payload });
    await alice.until(id, 'the start of the attempt', isRunningNow);
    await onPageOf(id, async (page) => {
      await button(page, 'Cancel').click();
      await page.getByRole('dialog', { name: 'Cancel this task?' }).waitFor();
      // The focus is not on what cannot be undone, and returns to the button afterwards.
      expect(await focused(page)).toBe('Keep task');
      await page.keyboard.press('Escape');
      await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
      await expect.poll(() => focused(page)).toBe('Cancel');
      expect((await alice.read(id)).status).toBe('RUNNING');
      await button(page, 'Cancel').click();
      await button(page, 'Cancel task').click();
      await expectStatus(page, 'Cancelled');
      await expect.poll(() => page.getByRole('dialog').count(), { timeout }).toBe(0);
      await expect.poll(() => page.locator('.attempt-outcome').textContent(), { timeout }).toBe('cancelled');
    });
  });

  test('says in the dialog why the task could not be deleted', async () => {
    const { id } = await alice.create({ name: 'stays', type: 'echo', delay: hour });
    const { page, close } = await openDashboard(browser, service, { path: `/tasks/${id}` });
    await page.route(`**/api/tasks/${id}/`, (route) =>
      route.request().method() === 'DELETE'
        ? route.fulfill({ status: 409, json: { code: 'wrong_state', detail: 'Not today.' } })
        : route.continue(),
    );
    await button(page, 'Delete').click();
    await button(page, 'Delete task').click();
    await page.getByRole('dialog').getByRole('alert').getByText('Not today.').waitFor();
    expect(await page.locator('.message').count()).toBe(0);
    await page.keyboard.press('Escape');
    await expect.poll(() => focused(page)).toBe('Delete');
    await close();
  });

  test('shows every failed attempt and when the next one starts, retries the task, and deletes it', async () => {
    const retry = { initial_interval: 600, max_retries: 1 };
    const { id } = await alice.create({
      name: 'fails',
      type: 'flaky',
      delay: 0,
      payload: { failures: 9 },
      retry,
    });
    await onPageOf(id, async (page) => {
      const waiting = page.locator('.task-waiting');
      await expect.poll(() => waiting.textContent(), { timeout }).toMatch(/Next attempt in \d+ min/);
      await expect.poll(() => segments(page), { timeout }).toEqual(['Pending', 'Attempt 1', 'Backoff']);
      await button(page, 'Run now').click();
      await expectStatus(page, 'Failed');
      const attempts = page.locator('.attempt');
      await expect.poll(() => attempts.count(), { timeout }).toBe(2);
      // The latest attempt is open. The one before opens by its summary, also with the keyboard.
      await attempts.last().locator('summary').press('Enter');
      for (const [place, number] of [2, 1].entries()) {
        const text = () => attempts.nth(place).textContent();
        await expect.poll(text, { timeout }).toContain(`Flakyfailure ${number}`);
        await expect.poll(text, { timeout }).toContain(`INFO attempt ${number}`);
      }
      await button(page, 'Retry').click();
      await page.getByRole('dialog').locator('button.primary').click();
      await expectStatus(page, 'Running');
      await expect
        .poll(() => page.locator('.timeline-earlier summary').textContent(), { timeout })
        .toBe('1 earlier run');
      await button(page, 'Run now').click();
      await expectStatus(page, 'Failed');
      await button(page, 'Delete').click();
      await button(page, 'Delete task').click();
      await page.waitForURL(`${service.url}/tasks`);
      expect(await page.locator('.message').last().textContent()).toContain(
        '“\u2068fails\u2069” was deleted.',
      );
    });
    // The deletion may still be in progress.
    const read = async () => (await alice.call('GET', `/api/tasks/${id}/`)).status;
    await expect.poll(read, { timeout }).toBe(404);
  });

  test("fits a phone (375 px) even if the task's name and tags are long", async () => {
    const tags = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(64));
    const { id } = await alice.create({ name: 'n'.repeat(200), type: 'echo', delay: hour, tags });
    await onPageOf(
      id,
      async (page) => {
        await page.locator('.task-tags').waitFor();
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(375);
      },
      { viewport: { width: 375, height: 800 } },
    );
  });

  test("names the task's predecessors, and says that it waits for them", async () => {
    const first = await alice.create({ name: 'the first', type: 'echo', delay: hour });
    const { id } = await alice.create({ name: 'the second', type: 'echo', delay: 0, after: [first.id] });
    await onPageOf(id, async (page) => {
      await page.getByRole('link', { name: `${first.id.slice(0, 8)} the first` }).waitFor();
      await page.getByText('Waiting for 1 task to complete').waitFor();
      await expect.poll(() => segments(page), { timeout }).toEqual(['Waiting for other tasks']);
    });
  });

  test('says so when the task is deleted elsewhere', async () => {
    const { id } = await alice.create({ name: 'short-lived', type: 'echo', delay: hour });
    const { page, observed, close } = await openDashboard(browser, service);
    const feedBegins = new Promise<void>((resolve) => {
      page.on('websocket', (socket) => {
        if (socket.url().includes(id)) socket.on('framereceived', () => resolve());
      });
    });
    await page.goto(`${service.url}/tasks/${id}`);
    await expectStatus(page, 'Scheduled');
    // The feed of a task that no longer exists would be rejected, and the browser logs that.
    await feedBegins;
    await alice.call('DELETE', `/api/tasks/${id}/`);
    await page.getByText('This task has been deleted.').waitFor();
    expect(await page.locator('.task-actions').count()).toBe(0);
    expect(observed.complaints).toEqual([]);
    await close();
  });

  test.each(['00000000-0000-4000-8000-000000000000', 'no-id'])(
    'says that no task is found for the id %s',
    async (id) => {
      const { page, observed, close } = await openDashboard(browser, service);
      await page.goto(`${service.url}/tasks/${id}`);
      await page.getByRole('heading', { level: 1, name: 'Task not found' }).waitFor();
      expect(await axeFindings(page)).toEqual([]);
      // Not of a socket, whose address has a ticket.
      expect(observed.complaints.filter((text) => text.includes('WebSocket'))).toEqual([]);
      await close();
    },
  );

  test('asks to sign in again when the session has ended', async () => {
    const { id } = await alice.create({ name: 'private', type: 'echo', delay: hour });
    const { page, close } = await openDashboard(browser, service);
    await page.goto(`${service.url}/tasks/${id}`);
    await expectStatus(page, 'Scheduled');
    await page.context().clearCookies();
    await button(page, 'Pause').click();
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
    expect((await alice.read(id)).waiting?.reason).toBe('time');
    await close();
  });

  test('says why the task cannot be loaded, and can try again', async () => {
    const { id } = await alice.create({ name: 'out of reach', type: 'echo', delay: hour });
    const { page, close } = await openDashboard(browser, service);
    const problem = { code: 'forbidden', detail: 'Not today.' };
    await page.route(`**/api/tasks/${id}/`, (route) => route.fulfill({ status: 403, json: problem }));
    await page.goto(`${service.url}/tasks/${id}`);
    await page.getByRole('alert').getByText('Not today.').waitFor();
    await page.unroute(`**/api/tasks/${id}/`);
    await button(page, 'Try again').click();
    await page.getByRole('heading', { level: 1, name: 'out of reach' }).waitFor();
    await expect.poll(() => page.getByText('Not today.').count()).toBe(0);
    await close();
  });

  test('says so if the worker of an attempt is not known', async () => {
    const { id } = await alice.create({ name: 'quick', type: 'echo', delay: 0 });
    await alice.until(id, 'the end of the task', hasEnded);
    const { page, close } = await openDashboard(browser, service);
    await page.route(`**/api/tasks/${id}/`, async (route) => {
      const response = await route.fetch();
      const task = (await response.json()) as Task;
      const attempts = task.attempts.map((attempt) => ({ ...attempt, worker: '' }));
      await route.fulfill({ response, json: { ...task, attempts } });
    });
    await page.goto(`${service.url}/tasks/${id}`);
    const facts = page.locator('.attempt-facts');
    await expect.poll(() => facts.textContent(), { timeout }).toMatch(/worker unknown$/);
    await close();
  });

  test('shows HTML that users have written as text, and does not execute it', async () => {
    const evil = '<img src=x onerror="globalThis.isHacked=true">';
    const payload = { [evil]: [evil, { '<script>globalThis.isHacked=true</script>': evil }] };
    const { id } = await alice.create({ name: evil, description: evil, type: 'echo', delay: 0, payload });
    await alice.until(id, 'the end of the task', hasEnded);
    await onPageOf(id, async (page) => {
      await page.getByRole('heading', { level: 1, name: evil }).waitFor();
      const tree = page.getByRole('region', { name: 'Payload' });
      await tree.locator('summary').nth(1).click();
      await tree.locator('summary').nth(2).click();
      await tree.getByText('<script>globalThis.isHacked=true</script>').waitFor();
      expect(await page.locator('main img, main script').count()).toBe(0);
      expect(await page.evaluate('globalThis.isHacked')).toBeUndefined();
    });
  });

  test('shows the result of process-data by column, with statistics and charts', async () => {
    const cities = ['Oslo', 'Rome', 'Oslo', null, 'Oslo', 'Rome'];
    const rows = cities.map((city, index) => ({
      city,
      temp: index * 1.5,
      day: `2026-01-0${index + 1}`,
      ['<b>']: true,
    }));
    const { id } = await alice.create({ name: 'pictured', delay: 0, payload: { rows } });
    await alice.until(id, 'the end of the task', hasEnded);
    await onPageOf(id, async (page) => {
      const card = (name: string) =>
        page.locator('.data-column', { has: page.getByRole('heading', { name }) });
      await card('city').waitFor();
      expect(await card('city').textContent()).toMatch(/string1 of 6 missing.*Most frequentOslo3Rome2/);
      expect(await card('temp').textContent()).toMatch(/number.*min0max7.5mean3.75/);
      expect(await card('<b>').textContent()).toContain('boolean');
      await page.getByRole('img', { name: /^Distribution of temp: 20 ranges from 0 to 7.5/ }).waitFor();
      const days = /^Distribution of day: 20 ranges from 2026-01-01 to 2026-01-06/;
      await page.getByRole('img', { name: days }).waitFor();
      expect(await card('day').locator('rect').count()).toBe(20);
      await page.getByText('As JSON').click();
      const tree = page.getByRole('region', { name: 'Result' });
      expect(await tree.textContent()).toContain('"Data processed successfully"');
    });
  });

  test('shows how the data of process-data were read, and their instants in UTC in any time zone', async () => {
    const lines = ['2021;at;2019', '1;2024-05-01 00:00:00;2', '3;2024-05-01 20:00:00;4', '5'];
    const { id } = await alice.create({ name: 'read', delay: 0, payload: { csv: lines.join('\n') } });
    await alice.until(id, 'the end of the task', hasEnded);
    const look = async (page: Page) => {
      await page.getByText('1 of 3 rows have fewer fields than the header').waitFor();
      const result = page.locator('.data');
      expect(await result.textContent()).toContain('UTF-8 · separated by semicolons');
      expect(await result.locator('.data-column h3').allTextContents()).toEqual([
        expect.stringContaining('2021'),
        expect.stringContaining('at'),
        expect.stringContaining('2019'),
      ]);
      const bins = await result
        .locator('.data-column', { hasText: 'date' })
        .locator('title')
        .allTextContents();
      expect(bins[0]).toMatch(/^2024-05-01T00:00:00.000Z to /);
      expect(bins.at(-1)).toMatch(/^2024-05-01T19:00:00.000Z to /);
    };
    await onPageOf(id, look, { timezoneId: 'Europe/Berlin' });
  });

  test('shows a result without data, and a wide result and a long payload in parts', async () => {
    const rows = [Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`column ${index}`, index]))];
    const wide = await alice.create({ name: 'wide', delay: 0, payload: { rows } });
    const none = await alice.create({ name: 'no data', delay: 0 });
    const long = Array.from({ length: 20_000 }, (_, index) => index);
    const great = await alice.create({ name: 'great', type: 'echo', delay: hour, payload: { long } });
    await alice.until(wide.id, 'the end of the task', hasEnded);
    await alice.until(none.id, 'the end of the task', hasEnded);
    await onPageOf(wide.id, async (page) => {
      await expect.poll(() => page.locator('.data-column').count(), { timeout }).toBe(30);
      await button(page, 'Show all 200 columns').click();
      await expect.poll(() => page.locator('.data-column').count()).toBe(200);
    });
    await onPageOf(none.id, async (page) => {
      await page.getByText('"Data processed successfully"').waitFor();
    });
    await onPageOf(great.id, async (page) => {
      const tree = page.getByRole('region', { name: 'Payload' });
      await tree.locator('summary').nth(1).click();
      await expect.poll(() => tree.locator('.json-number').count()).toBe(100);
      await button(page, 'Show 100 more of 19,900').click();
      await expect.poll(() => tree.locator('.json-number').count()).toBe(200);
    });
  });

  test('copies JSON, also in pages without the clipboard API', async () => {
    const { id } = await alice.create({
      name: 'copied',
      type: 'echo',
      delay: hour,
      payload: { a: [1, 'x'] },
    });
    const { page, close } = await openDashboard(browser, service);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const copy = page.getByRole('button', { name: 'Copy Payload as JSON' });
    await page.goto(`${service.url}/tasks/${id}`);
    await copy.click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    const copied = await page.evaluate<string>('navigator.clipboard.readText()');
    expect(JSON.parse(copied)).toEqual({ a: [1, 'x'] });
    // Pages over plain http have no clipboard API.
    await page.addInitScript(`Object.defineProperty(Navigator.prototype, 'clipboard', { get: () => undefined });
      document.addEventListener('copy', () => { globalThis.copied = document.activeElement.value; });`);
    await page.reload();
    await copy.click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    expect(await page.evaluate('navigator.clipboard')).toBeUndefined();
    expect(await page.evaluate('globalThis.copied')).toBe(copied);
    await close();
  });

  test.each(['light', 'dark'] as const)(
    'has no axe findings in %s mode, also at 375 px, where it fits the page',
    async (colorScheme) => {
      const waits = await alice.create({
        name: 'waits',
        type: 'echo',
        delay: hour,
        tags: ['a'],
        description: 'Text.',
      });
      const slow = { type: 'slow', payload: { steps: 500, step_ms: 200 } };
      const runs = await alice.create({ name: 'runs', delay: 0, ...slow });
      const flaky = { type: 'flaky', payload: { failures: 9 }, retry: { ...quickly, max_retries: 1 } };
      const failed = await alice.create({ name: 'failed', delay: 0, ...flaky });
      const rows = [
        { city: 'Oslo', temp: 3 },
        { city: 'Oslo', temp: null },
      ];
      const done = await alice.create({ name: 'done', delay: 0, payload: { rows } });
      await alice.until(failed.id, 'the end of the task', hasEnded);
      await alice.until(done.id, 'the end of the task', hasEnded);
      await alice.until(runs.id, 'the progress of the task', ({ progress }) => (progress?.percent ?? 0) > 0);
      for (const [{ id }, word] of [
        [waits, 'Scheduled'],
        [runs, 'Running'],
        [failed, 'Failed'],
        [done, 'Completed'],
      ] as const) {
        await onPageOf(
          id,
          async (page) => {
            await expectStatus(page, word);
            await page.locator('.history-entry').first().waitFor();
            expect(await axeFindings(page)).toEqual([]);
            await page.setViewportSize({ width: 375, height: 800 });
            expect(await axeFindings(page)).toEqual([]);
            expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(375);
          },
          { colorScheme },
        );
      }
      await alice.call('POST', `/api/tasks/${runs.id}/cancel/`);
    },
  );
});
