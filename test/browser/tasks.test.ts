import { beforeAll, describe, expect, test } from 'vitest';
import { type Page, useBrowser } from '../support/browser.ts';
import type { Caller } from '../support/caller.ts';
import { axeFindings, openDashboard } from '../support/dashboard.ts';
import { startLink } from '../support/link.ts';
import { useService } from '../support/service.ts';

const service = useService();
const browser = useBrowser();
let alice: Caller;

beforeAll(async () => {
  alice = await service.as('alice');
});

const hour = 3600;
const rowOf = (page: Page, name: string) =>
  page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
const namesIn = async (page: Page) => page.locator('a.row-name').allTextContents();
const tab = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Status' }).getByRole('link', { name });

let made = 0;
/** Returns a new tag: tests share an account, and each sees only the tasks with its tag. */
function newTag(): string {
  made += 1;
  return `t${made}.${Date.now()}`;
}

/** Opens the list once it contains the expected number of tasks: lists lag by up to two seconds. */
async function openList(tag: string, expected: number, options: Parameters<typeof openDashboard>[2] = {}) {
  await expect
    .poll(async () => (await alice.call<unknown[]>('GET', `/api/tasks/?tag=${tag}&limit=100`)).body.length, {
      timeout: 20_000,
    })
    .toBe(expected);
  return openDashboard(browser, service, { path: `/tasks?tag=${tag}`, ...options });
}

const countOf = async (tag: string) =>
  (await alice.call<{ total: number }>('GET', `/api/tasks/counts/?tag=${tag}`)).body.total;

async function makeMany(tag: string, number: number): Promise<void> {
  const tasks = Array.from({ length: number }, (_, index) => ({
    name: `n${index}`,
    delay: hour,
    tags: [tag],
  }));
  await alice.call('POST', '/api/tasks/bulk/', { tasks });
  await expect.poll(() => countOf(tag), { timeout: 20_000 }).toBe(number);
}

describe('the list', () => {
  test('shows the changes of each task without moving its row', async () => {
    const tag = newTag();
    await alice.create({ name: 'sleeper', delay: hour, tags: [tag] });
    const runner = await alice.create({
      name: 'runner',
      type: 'slow',
      payload: { steps: 40, step_ms: 250 },
      delay: 2,
      tags: [tag],
    });
    const { page, observed, close } = await openList(tag, 2);
    const row = rowOf(page, 'runner');
    await row.waitFor();
    const before = await namesIn(page);
    expect(before.toSorted()).toEqual(['runner', 'sleeper']);
    await row.getByText('Running', { exact: true }).waitFor({ timeout: 20_000 });
    await row.getByRole('progressbar').waitFor({ timeout: 20_000 });
    await row.getByText('1 of 4', { exact: true }).waitFor();
    await tab(page, 'Running').getByText('1', { exact: true }).waitFor({ timeout: 20_000 });
    await alice.call('POST', `/api/tasks/${runner.id}/cancel/`);
    await row.getByText('Cancelled', { exact: true }).waitFor({ timeout: 20_000 });
    await tab(page, 'Cancelled').getByText('1', { exact: true }).waitFor({ timeout: 20_000 });
    expect(await namesIn(page)).toEqual(before);
    expect(observed.complaints).toEqual([]);
    await close();
  });

  test('inserts new tasks by itself while the pointer is not on its rows', async () => {
    const tag = newTag();
    await alice.create({ name: 'first', delay: hour, tags: [tag] });
    const { page, close } = await openList(tag, 1);
    await rowOf(page, 'first').waitFor();
    await page.mouse.move(0, 0);
    await alice.create({ name: 'second', delay: hour, tags: [tag] });
    await expect.poll(() => namesIn(page)).toEqual(['second', 'first']);
    await close();
  });

  test('does not insert new tasks while the pointer is on its rows, but shows a button for them', async () => {
    const tag = newTag();
    await alice.create({ name: 'first', delay: hour, tags: [tag] });
    const { page, close } = await openList(tag, 1);
    await rowOf(page, 'first').hover();
    await alice.create({ name: 'second', delay: hour, tags: [tag] });
    await alice.create({ name: 'of another kind', delay: hour });
    const more = page.getByRole('button', { name: 'Show 1 new task' });
    await more.waitFor({ timeout: 20_000 });
    expect(await namesIn(page)).toEqual(['first']);
    await expect
      .poll(
        async () => {
          // Lists lag: a click that comes too early shows the same rows again.
          if (await more.isVisible()) await more.click();
          return namesIn(page);
        },
        { timeout: 20_000 },
      )
      .toEqual(['second', 'first']);
    await close();
  });

  test('keeps and marks the row of a task that is deleted or no longer matches, until a refresh', async () => {
    const tag = newTag();
    const goes = await alice.create({ name: 'goes', delay: hour, tags: [tag] });
    const changes = await alice.create({ name: 'changes', delay: hour, tags: [tag] });
    const { page, close } = await openList(tag, 2, { path: `/tasks?tag=${tag}&status=SCHEDULED` });
    await rowOf(page, 'goes').waitFor();
    await alice.call('DELETE', `/api/tasks/${goes.id}/`);
    await alice.call('POST', `/api/tasks/${changes.id}/cancel/`);
    await page.locator('.row-deleted', { hasText: 'goes' }).waitFor({ timeout: 20_000 });
    await page.locator('.row-unmatched', { hasText: 'changes' }).waitFor({ timeout: 20_000 });
    await page.getByRole('button', { name: 'Refresh: 2 tasks no longer in this list' }).click();
    await page.getByText('No tasks match these filters.').waitFor({ timeout: 20_000 });
    expect(await namesIn(page)).toEqual([]);
    await close();
  });

  test('shows an account without tasks a link that creates the first one', async () => {
    const { page, close } = await openDashboard(browser, service, { path: '/tasks', user: 'bob' });
    const begin = page.getByRole('link', { name: 'Create your first task' });
    await begin.click();
    await page.getByRole('heading', { name: 'New task', level: 1 }).waitFor();
    await close();
    expect(new URL(page.url()).pathname).toBe('/tasks/new');
  });

  test('shows admins the tasks of all owners, and users only their own', async () => {
    const tag = newTag();
    await alice.create({ name: 'of alice', delay: hour, tags: [tag] });
    await (await service.as('bob')).create({ name: 'of bob', delay: hour, tags: [tag] });
    const { page, close } = await openList(tag, 1);
    await rowOf(page, 'of alice').waitFor();
    expect(await namesIn(page)).toEqual(['of alice']);
    await close();
    const admin = await openDashboard(browser, service, { path: `/tasks?tag=${tag}`, user: 'root' });
    await expect.poll(async () => (await namesIn(admin.page)).toSorted()).toEqual(['of alice', 'of bob']);
    await rowOf(admin.page, 'of bob').getByText('owned by another account').waitFor();
    await admin.close();
  });

  test('shows a name that looks like HTML as text', async () => {
    const tag = newTag();
    const name = '<img src=x onerror="document.title=\'taken\'">';
    await alice.create({ name, delay: hour, tags: [tag] });
    const { page, observed, close } = await openList(tag, 1);
    await rowOf(page, name).waitFor();
    expect(await page.locator('main img').count()).toBe(0);
    expect(await page.title()).toBe('Tasks · Taskbell');
    expect(observed.complaints).toEqual([]);
    await close();
  });
});

test('a row shows live what it shows after a reload, in every state of a task', async () => {
  const tag = newTag();
  const failing = await alice.create({
    name: 'failing',
    type: 'flaky',
    payload: { failures: 9 },
    retry: { max_retries: 1, initial_interval: 600 },
    delay: hour,
    tags: [tag],
  });
  const hopeless = await alice.create({
    name: 'hopeless',
    type: 'flaky',
    payload: { failures: 9 },
    retry: { max_retries: 0 },
    delay: hour,
    tags: [tag],
  });
  const { page, close } = await openList(tag, 2);
  const reloaded = await openDashboard(browser, service, { path: `/tasks?tag=${tag}` });
  /** Compares all rows, once the live row of a task contains the text. */
  const compare = async (name: string, text: string | RegExp): Promise<void> => {
    // The clocks of the two pages tick at different moments.
    const rowsOf = async (of: Page) =>
      (await of.locator('.table-body [role=row]').allTextContents())
        .map((row) => row.replace(/\d+ (s|min|h)( \d+ (s|min))?/g, '…'))
        .toSorted();
    await rowOf(page, name).getByText(text).first().waitFor({ timeout: 20_000 });
    await reloaded.page.reload();
    await rowOf(reloaded.page, name).waitFor();
    await expect
      .poll(async () => {
        const [live, again] = await Promise.all([rowsOf(page), rowsOf(reloaded.page)]);
        return live.join() === again.join() ? 'equal' : { live, again };
      })
      .toBe('equal');
    expect(await rowOf(page, name).getByText(text).count()).toBeGreaterThan(0);
  };
  const command = (id: string, name: string) => alice.call('POST', `/api/tasks/${id}/${name}/`);
  const start = (name: string, type: string, payload: object) =>
    alice.create({ name, type, payload, delay: 0, tags: [tag] });

  await page.mouse.move(0, 0);
  // Its row is inserted by a reload of the list, after which the others must stay live.
  await alice.create({ name: 'far away', delay: 2 * hour, tags: [tag] });
  await rowOf(page, 'far away').waitFor({ timeout: 20_000 });
  await compare('failing', 'Scheduled');
  await command(hopeless.id, 'run-now');
  await compare('hopeless', /^failure 1$/);
  await command(failing.id, 'pause');
  await compare('failing', 'Paused');
  await command(failing.id, 'run-now');
  await compare('failing', /retry in \d+ min.* · failure 1/);
  await command(failing.id, 'run-now');
  await compare('failing', /^failure 2$/);

  const long = await start('long', 'slow', { steps: 2, step_ms: 8000 });
  await start('short', 'slow', { steps: 1, step_ms: 1500 });
  await start('quick', 'echo', {});
  await compare('long', /^running$/);
  await compare('quick', /^ended /);
  await compare('short', /^ended /);
  await compare('long', '50%');
  await command(long.id, 'cancel');
  await compare('long', 'Cancelled');
  await Promise.all([close(), reloaded.close()]);
});

describe('filters', () => {
  test('are kept in the address, and the back button of the browser restores them', async () => {
    const tag = newTag();
    await alice.create({ name: `Apple ${tag}`, delay: hour, tags: [tag] });
    await alice.create({ name: `Pear ${tag}`, delay: hour, tags: [tag, 'fruit'], type: 'echo', payload: {} });
    const { page, close } = await openList(tag, 2);
    await rowOf(page, `Apple ${tag}`).waitFor();
    await page.getByLabel('Name starts with').fill('pear');
    await expect.poll(() => namesIn(page)).toEqual([`Pear ${tag}`]);
    expect(new URL(page.url()).searchParams.get('name')).toBe('pear');
    await page.getByLabel('Type').selectOption('process-data');
    await page.getByText('No tasks match these filters.').waitFor();
    await page.getByLabel('Name starts with').fill('');
    await expect.poll(() => namesIn(page)).toEqual([`Apple ${tag}`]);
    await tab(page, 'Failed').click();
    await page.getByText('No tasks match these filters.').waitFor();
    const shared = new URL(page.url());
    expect(Object.fromEntries(shared.searchParams)).toEqual({ status: 'FAILED', tag, type: 'process-data' });
    await page.goBack();
    await expect.poll(() => namesIn(page)).toEqual([`Apple ${tag}`]);
    // So do the way back from a task, and its deletion.
    const { search } = new URL(page.url());
    const open = () => rowOf(page, `Apple ${tag}`).getByRole('link').first().click();
    await open();
    await page.getByRole('heading', { level: 1, name: `Apple ${tag}` }).waitFor();
    await page.locator('.task-back').click();
    await expect.poll(() => namesIn(page)).toEqual([`Apple ${tag}`]);
    expect(new URL(page.url()).search).toBe(search);
    await open();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete task' }).click();
    await page.getByText('No tasks match these filters.').waitFor();
    expect(new URL(page.url()).search).toBe(search);
    await page.getByRole('link', { name: 'Clear filters' }).click();
    expect(new URL(page.url()).search).toBe('');
    await close();
  });

  test('that are invalid are named, and the others apply', async () => {
    const tag = newTag();
    await alice.create({ name: 'fits', delay: hour, tags: [tag] });
    const path = `/tasks?tag=${tag}&status=LATER&colour=red`;
    const { page, close } = await openList(tag, 1, { path });
    await rowOf(page, 'fits').waitFor();
    const alert = await page.getByRole('alert').textContent();
    expect(alert).toContain('Unknown filter “colour”');
    expect(alert).toContain('Unknown status');
    await close();
  });

  test('that only admins may use are rejected, with no offer to try again', async () => {
    const path = '/tasks?owner=someone-else';
    const { page, close } = await openDashboard(browser, service, { path });
    const alert = page.getByRole('alert').filter({ hasText: 'admin' });
    await alert.waitFor();
    expect(await alert.getByRole('button').count()).toBe(0);
    await close();
  });
});

describe('several selected tasks', () => {
  test('are paused after a confirmation that shows their number, and those that are rejected are listed', async () => {
    const tag = newTag();
    for (const name of ['one', 'two'])
      await alice.create({ name: `${name} of ${tag}`, delay: hour, tags: [tag] });
    const third = await alice.create({ name: `three of ${tag}`, delay: hour, tags: [tag] });
    const done = await alice.create({
      name: `done of ${tag}`,
      type: 'echo',
      payload: {},
      delay: 0,
      tags: [tag],
    });
    await alice.until(done.id, 'the end of the task', ({ status }) => status === 'COMPLETED');
    const { page, close } = await openList(tag, 4);
    await rowOf(page, `one of ${tag}`).waitFor();
    await page.getByLabel('Select all loaded tasks').check();
    await page.getByText('4 selected').waitFor();
    const bar = page.getByRole('region', { name: 'Selected tasks' });
    await bar.getByRole('button', { name: 'Pause', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('1 other selected task is in a state that does not allow this').waitFor();
    expect(await axeFindings(page)).toEqual([]);
    // Changes a task while the dialog is open.
    await alice.call('POST', `/api/tasks/${third.id}/cancel/`);
    await alice.until(third.id, 'the end of the task', ({ status }) => status === 'CANCELLED');
    await dialog.getByRole('button', { name: 'Pause 3 tasks' }).click();
    await dialog.getByText('Succeeded for 2 tasks, rejected for 1 task').waitFor({ timeout: 20_000 });
    expect(await dialog.getByRole('link').allTextContents()).toEqual([`three of ${tag}`]);
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
    for (const name of ['one', 'two']) {
      await rowOf(page, `${name} of ${tag}`)
        .getByText('Paused', { exact: true })
        .waitFor({ timeout: 20_000 });
    }
    await close();
  });

  test('can be paused, resumed, run now, retried and deleted', async () => {
    const tag = newTag();
    const names = [`a of ${tag}`, `b of ${tag}`];
    for (const name of names) {
      await alice.create({ name, type: 'echo', payload: {}, delay: hour, tags: [tag] });
    }
    const { page, close } = await openList(tag, 2);
    const expectAll = async (status: string): Promise<void> => {
      for (const name of names) {
        await rowOf(page, name).getByText(status, { exact: true }).waitFor({ timeout: 30_000 });
      }
    };
    const act = async (verb: string): Promise<void> => {
      await page.getByLabel('Select all loaded tasks').check();
      const bar = page.getByRole('region', { name: 'Selected tasks' });
      await bar.getByRole('button', { name: verb, exact: true }).click();
      await page
        .getByRole('dialog')
        .getByRole('button', { name: `${verb} 2 tasks` })
        .click();
      await page.getByRole('dialog').waitFor({ state: 'detached', timeout: 20_000 });
    };
    await expectAll('Scheduled');
    await act('Pause');
    await expectAll('Paused');
    await act('Resume');
    await expectAll('Scheduled');
    await act('Run now');
    await expectAll('Completed');
    await act('Retry');
    await expect
      .poll(
        async () =>
          (await alice.call<{ retry_count: number }[]>('GET', `/api/tasks/?tag=${tag}`)).body.every(
            ({ retry_count }) => retry_count === 1,
          ),
        { timeout: 30_000 },
      )
      .toBe(true);
    await expectAll('Completed');
    await act('Delete');
    expect(await page.locator('.row-deleted').count()).toBe(2);
    await close();
  });

  test('can be a range chosen with the shift key, or all tasks that match, including those not loaded', async () => {
    const tag = newTag();
    await makeMany(tag, 150);
    const { page, close } = await openDashboard(browser, service, { path: `/tasks?tag=${tag}` });
    const boxes = page.locator('.table-body input[type=checkbox]');
    await boxes.nth(1).check();
    await boxes.nth(5).click({ modifiers: ['Shift'] });
    await page.getByText('5 selected').waitFor();
    await page.getByLabel('Select all loaded tasks').check();
    await page.getByText('100 selected').waitFor();
    await tab(page, 'Scheduled').click();
    await page.getByLabel('Select all loaded tasks').check();
    await page.getByRole('button', { name: 'Select all 150 tasks that match' }).click();
    const bar = page.getByRole('region', { name: 'Selected tasks' });
    // No scheduled task can be retried, whether or not it is loaded.
    expect(await bar.getByRole('button', { name: 'Retry', exact: true }).isDisabled()).toBe(true);
    // Holds back the ids, without which the tasks cannot be acted on.
    let answer = (): void => undefined;
    const counted = new Promise<void>((resolve) => (answer = resolve));
    await page.route('**/api/tasks/?*', async (route) => {
      await counted;
      await route.continue();
    });
    await bar.getByRole('button', { name: 'Cancel', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Cancel 150 tasks?' });
    await dialog.getByText('Counting…').waitFor();
    const confirm = dialog.getByRole('button', { name: 'Cancel 150 tasks' });
    expect(await confirm.isDisabled()).toBe(true);
    answer();
    await confirm.click();
    await page.getByText('150 tasks cancelled.').waitFor({ timeout: 60_000 });
    await close();
    expect(await countOf(tag)).toBe(150);
  });
});

describe('the page of the list', () => {
  test('keeps both of two filters that are changed at almost the same time', async () => {
    const { page, close } = await openDashboard(browser, service, { path: '/tasks' });
    await page.getByLabel('Name starts with').fill('quick');
    await page.getByLabel('Type').selectOption('echo');
    await expect
      .poll(() => new URL(page.url()).search)
      .toMatch(/^\?(type=echo&name=quick|name=quick&type=echo)$/);
    await page.getByLabel('Name starts with').fill('quicker');
    await tab(page, 'Failed').click();
    await expect.poll(() => new URL(page.url()).searchParams.get('name')).toBe('quicker');
    expect(new URL(page.url()).searchParams.get('status')).toBe('FAILED');
    await close();
  });

  test('shows an error beside an invalid tag, and keeps the field for tags open', async () => {
    const { page, close } = await openDashboard(browser, service, { path: '/tasks' });
    await page.getByText('More filters').click();
    await page.getByLabel('Tags').fill('nöt!');
    await page.locator('.field-problem').waitFor();
    expect(new URL(page.url()).search).toBe('');
    await page.getByLabel('Tags').fill('ok');
    await expect.poll(() => new URL(page.url()).search).toBe('?tag=ok');
    await page.getByLabel('Tags').fill('');
    await expect.poll(() => new URL(page.url()).search).toBe('');
    expect(await page.getByLabel('Tags').isVisible()).toBe(true);
    await close();
  });

  test('deselects a selected task that leaves the list, and all others on Escape', async () => {
    const tag = newTag();
    const cancelled = await alice.create({ name: 'goes', delay: hour, tags: [tag] });
    await alice.create({ name: 'stays', delay: hour, tags: [tag] });
    const { page, close } = await openList(tag, 2, { path: `/tasks?tag=${tag}&status=SCHEDULED` });
    await page.getByLabel('Select all loaded tasks').check();
    await alice.call('POST', `/api/tasks/${cancelled.id}/cancel/`);
    await page.getByRole('button', { name: 'Refresh: 1 task no longer in this list' }).click();
    await page.getByText('1 selected').waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('1 selected').waitFor({ state: 'detached' });
    expect(await namesIn(page)).toEqual(['stays']);
    await close();
  });

  test('closes the confirmation of an action on going back, and does not show it again', async () => {
    const tag = newTag();
    await alice.create({ name: 'survives', delay: hour, tags: [tag] });
    const { page, close } = await openList(tag, 1);
    await page.getByRole('link', { name: 'Clear filters' }).click();
    await page.locator('.table-body input[type=checkbox]').first().check();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('dialog').waitFor();
    await page.goBack();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await rowOf(page, 'survives').waitFor();
    await page.locator('.table-body input[type=checkbox]').first().check();
    expect(await page.getByRole('dialog').count()).toBe(0);
    await close();
  });

  test('restores its scroll position and its selection on the way back from a task', async () => {
    const tag = newTag();
    await makeMany(tag, 130);
    const { page, close } = await openDashboard(browser, service, { path: `/tasks?tag=${tag}` });
    await page.locator('.table-body input[type=checkbox]').nth(2).check();
    await expect
      .poll(async () => {
        await page.mouse.wheel(0, 3000);
        return page.getByRole('table').getAttribute('aria-rowcount');
      })
      .toBe('131');
    await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
    await page.locator('[aria-rowindex="131"]').waitFor();
    const place = await page.evaluate<number>('scrollY');
    await page.locator('[aria-rowindex="128"] a.row-name').click();
    await page.locator('.task-title').waitFor();
    await page.goBack();
    await page.locator('[aria-rowindex="131"]').waitFor();
    await expect.poll(() => page.evaluate('scrollY')).toBe(place);
    await page.getByText('1 selected').waitFor();
    await close();
  });
});

describe('a lost connection', () => {
  test('is shown and restored by itself, and changes in the meantime appear without a reload', async () => {
    const tag = newTag();
    const task = await alice.create({ name: 'meanwhile', delay: hour, tags: [tag] });
    const deleted = await alice.create({ name: 'deleted meanwhile', delay: hour, tags: [tag] });
    const link = await startLink(service.url);
    await openList(tag, 2).then(({ close }) => close());
    const { page, close } = await openDashboard(browser, service, {
      url: link.url,
      path: `/tasks?tag=${tag}`,
    });
    await rowOf(page, 'meanwhile').waitFor();
    await page.evaluate('globalThis.stays = true');
    link.cut();
    await page.getByText('Connection lost').waitFor({ timeout: 20_000 });
    await alice.call('POST', `/api/tasks/${task.id}/cancel/`);
    await alice.call('DELETE', `/api/tasks/${deleted.id}/`);
    link.restore();
    await page.getByText('Connection lost').waitFor({ state: 'detached', timeout: 40_000 });
    await rowOf(page, 'meanwhile').getByText('Cancelled', { exact: true }).waitFor({ timeout: 20_000 });
    await rowOf(page, 'deleted meanwhile').waitFor({ state: 'detached', timeout: 20_000 });
    expect(await page.evaluate('globalThis.stays')).toBe(true);
    await close();
    await link.close();
  });
});

describe('an accessible list', () => {
  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 375],
    ['dark', 375],
  ] as const)('has no axe findings and no overflow (%s, %i px)', async (colorScheme, width) => {
    const tag = newTag();
    for (const task of [
      { name: 'waits', delay: hour },
      { name: 'paused', delay: hour },
      { name: 'done', type: 'echo', payload: {}, delay: 0 },
      { name: 'failed', type: 'hopeless', payload: {}, delay: 0 },
      { name: 'runs', type: 'slow', payload: { steps: 200, step_ms: 200 }, delay: 0 },
    ]) {
      const { id } = await alice.create({ ...task, tags: [tag] });
      if (task.name === 'paused') await alice.call('POST', `/api/tasks/${id}/pause/`);
    }
    const viewport = { width, height: 900 };
    const { page, close } = await openList(tag, 5, { colorScheme, viewport });
    await rowOf(page, 'failed').getByText('Failed', { exact: true }).waitFor({ timeout: 20_000 });
    await rowOf(page, 'runs').getByRole('progressbar').waitFor({ timeout: 20_000 });
    await page.locator('.table-body input[type=checkbox]').first().check();
    expect(await axeFindings(page)).toEqual([]);
    const overflow = await page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    expect(overflow).toBe(0);
    await alice.call('POST', '/api/tasks/actions/', { action: 'cancel', filter: { tag: [tag] } });
    await close();
  });

  test('shows a phone (375 px) whole names, the current tab, whether it is live, and the tasks before the filters', async () => {
    const tag = newTag();
    const name = 'Renewal notice for the customer C-1001';
    await alice.create({ name, delay: hour, tags: [tag] });
    const viewport = { width: 375, height: 812 };
    const { page, close } = await openList(tag, 1, { viewport, path: `/tasks?tag=${tag}&status=CANCELLED` });
    const isInView = (selector: string) =>
      page.evaluate<boolean>(`(() => {
        const { left, right, top, bottom } = document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect();
        return left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight;
      })()`);
    await expect.poll(() => isInView('.tabs [aria-current]')).toBe(true);
    expect(await isInView('.live')).toBe(true);
    await page.goto(`${service.url}/tasks?tag=${tag}`);
    await rowOf(page, name).waitFor();
    expect(await isInView('.table-body .row')).toBe(true);
    const cut =
      'document.querySelector(".row-name").scrollHeight - document.querySelector(".row-name").clientHeight';
    expect(await page.evaluate<number>(cut)).toBe(0);
    await close();
  });

  test('shows a phone (375 px) the first tag of a row, cut only if too long, and the number of the others', async () => {
    const tag = newTag();
    const long = 'a-tag-that-is-longer-than-the-line-of-a-row-on-a-phone';
    await alice.create({ name: 'one of many', delay: hour, tags: ['renewal', 'batch-7', tag] });
    await alice.create({ name: 'one that is long', delay: hour, tags: [long, tag] });
    const { page, close } = await openList(tag, 2, { viewport: { width: 375, height: 812 } });
    await rowOf(page, 'one of many').waitFor();
    const lines = await page.evaluate<Record<string, unknown>>(`Object.fromEntries(
      [...document.querySelectorAll('.table-body .row')].map((row) => {
        const line = row.querySelector('.row-more');
        const { right } = line.getBoundingClientRect();
        const parts = [...line.querySelectorAll('.tag, .more-tags')];
        return [row.querySelector('.row-name').textContent, {
          height: row.getBoundingClientRect().height,
          visible: parts.map(({ innerText }) => innerText.split('\\n')[0]),
          title: parts.at(-1).title,
          readOut: parts.at(-1).querySelector('.visually-hidden')?.textContent,
          ellipses: parts.map((part) => part.scrollWidth > part.clientWidth),
          outside: parts.filter((part) => part.getBoundingClientRect().right > right).length,
        }];
      }),
    )`);
    const whole = { height: 100, outside: 0 };
    expect(lines).toEqual({
      'one of many': {
        ...whole,
        visible: ['renewal', '+2'],
        title: `renewal, batch-7, ${tag}`,
        readOut: `and batch-7, ${tag}`,
        ellipses: [false, false],
      },
      'one that is long': {
        ...whole,
        visible: [long, '+1'],
        title: `${long}, ${tag}`,
        readOut: `and ${tag}`,
        ellipses: [true, false],
      },
    });
    await close();
  });

  test('has no empty lines in its rows on a phone (375 px), whatever a task does', async () => {
    const tag = newTag();
    const long = 'with a name that needs two lines on a phone';
    await alice.create({ name: `sleeps, ${long}`, delay: hour, tags: [tag] });
    await alice.create({ name: `failed, ${long}`, type: 'hopeless', payload: {}, delay: 0, tags: [tag] });
    const runs = await alice.create({
      name: `runs, ${long}`,
      type: 'slow',
      payload: { steps: 200, step_ms: 200 },
      delay: 0,
      tags: [tag],
    });
    const { page, close } = await openList(tag, 3, { viewport: { width: 375, height: 812 } });
    await rowOf(page, `failed, ${long}`).getByText('Failed', { exact: true }).waitFor({ timeout: 20_000 });
    await rowOf(page, `runs, ${long}`).getByRole('progressbar').waitFor({ timeout: 20_000 });
    const rooms = await page.evaluate<
      number[]
    >(`[...document.querySelectorAll('.table-body .row')].map((row) => {
      const range = document.createRange();
      const texts = [...row.querySelectorAll('.row-name, .row-more, .status, time, .now-text, .progress-text')];
      const bottoms = texts.filter((each) => each.textContent !== '').map((each) => {
        range.selectNodeContents(each);
        return each.className === 'row-name' ? 0 : range.getBoundingClientRect().bottom;
      });
      return row.getBoundingClientRect().bottom - Math.max(...bottoms);
    })`);
    expect(rooms).toHaveLength(3);
    for (const room of rooms) {
      expect(room).toBeGreaterThanOrEqual(0);
      expect(room).toBeLessThan(15);
    }
    const overflow =
      'Math.max(...[...document.querySelectorAll(".table-body .row")].map((row) => row.scrollWidth - row.clientWidth))';
    expect(await page.evaluate<number>(overflow)).toBe(0);
    await alice.call('POST', `/api/tasks/${runs.id}/cancel/`);
    await close();
  });

  test.each(['light', 'dark'] as const)(
    'has checkboxes in the colours of its theme (%s)',
    async (colorScheme) => {
      const tag = newTag();
      await alice.create({ name: 'one', delay: hour, tags: [tag] });
      await alice.create({ name: 'other', delay: hour, tags: [tag] });
      const { page, close } = await openList(tag, 2, { colorScheme });
      const boxes = page.locator('.table input[type=checkbox]');
      await boxes.nth(1).check();
      const colours = await page.evaluate<string[][]>(`(() => {
      const probe = document.body.appendChild(document.createElement('span'));
      const token = (name) => {
        probe.style.color = 'var(--' + name + ')';
        return getComputedStyle(probe).color;
      };
      const [some, one, none] = [...document.querySelectorAll('.table input[type=checkbox]')].map(getComputedStyle);
      return [
        [some.accentColor, one.accentColor, none.backgroundColor, none.borderColor],
        [token('accent'), token('accent'), token('surface'), token('line-strong')],
      ];
    })()`);
      expect(colours[0]).toEqual(colours[1]);
      await close();
    },
  );

  test('works by keyboard, from the skip link to a task, whose heading gets the focus', async () => {
    const tag = newTag();
    await alice.create({ name: 'by keyboard', delay: hour, tags: [tag] });
    const { page, close } = await openList(tag, 1);
    await rowOf(page, 'by keyboard').waitFor();
    await page.locator('body').press('Tab');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('main');
    const focused = () => page.evaluate<string>('document.activeElement.textContent');
    await expect
      .poll(
        async () => {
          await page.keyboard.press('Tab');
          return focused();
        },
        { timeout: 20_000 },
      )
      .toBe('by keyboard');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/tasks/*');
    await expect.poll(() => page.evaluate('document.activeElement.tagName')).toBe('H1');
    await close();
  });
});
