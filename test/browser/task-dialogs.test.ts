/** The dialogs that edit and retry a task, on its page, with a real service. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Task } from '../../src/contract/task.ts';
import { type Page, useBrowser } from '../support/browser.ts';
import type { Caller } from '../support/caller.ts';
import { axeFindings, openDashboard, type OpenOptions } from '../support/dashboard.ts';
import { useService } from '../support/service.ts';
import { hasEnded } from '../support/task.ts';

const service = useService();
const browser = useBrowser();
let alice: Caller;

beforeAll(async () => {
  alice = await service.as('alice');
});

const dialogOf = (page: Page) => page.getByRole('dialog');

/** Waits until the dialog has closed, and returns the task. */
async function taskAfterDialog(page: Page): Promise<Task> {
  await dialogOf(page).waitFor({ state: 'detached', timeout: 15_000 });
  return alice.read(new URL(page.url()).pathname.split('/').at(-1) ?? '');
}

/** Opens the page of a task, and a dialog there. */
async function openDialog(button: 'Edit' | 'Retry', id: string, look: OpenOptions = {}): Promise<Page> {
  const { page } = await openDashboard(browser, service, { path: `/tasks/${id}`, ...look });
  await page.getByRole('button', { name: button, exact: true }).click();
  await dialogOf(page).getByLabel('Date and time').waitFor();
  return page;
}

const request = {
  name: 'As it was',
  type: 'http-request',
  payload: { url: 'http://example.com/', headers: { A: '1' } },
  tags: ['old'],
  delay: 3600,
};

const save = (page: Page) => page.getByRole('button', { name: 'Save changes' });

/** Records the bodies of the PATCH requests that the page sends. */
function edits(page: Page): unknown[] {
  const bodies: unknown[] = [];
  page.on('request', (sent) => {
    if (sent.method() === 'PATCH') bodies.push(sent.postDataJSON());
  });
  return bodies;
}

describe('the dialog that edits a task', () => {
  test('sends only the fields that have been changed', async () => {
    const task = await alice.create(request);
    const page = await openDialog('Edit', task.id);
    const bodies = edits(page);
    await page.getByLabel('Name', { exact: true }).fill('Renamed');
    await page.getByLabel('method').selectOption('PUT');
    await page.getByLabel('Hard limit').fill('1900');
    await save(page).click();
    expect(await taskAfterDialog(page)).toMatchObject({ name: 'Renamed', time_limit: 1900 });
    const payload = { ...request.payload, method: 'PUT' };
    expect(bodies).toEqual([{ name: 'Renamed', payload, time_limit: 1900 }]);
    expect(await alice.read(task.id)).toMatchObject({ payload, scheduled_time: task.scheduled_time });
    await page.close();
  });

  test('asks before it discards changes, and closes at once without any', async () => {
    const { id } = await alice.create(request);
    const page = await openDialog('Edit', id);
    const url = page.getByLabel('url');
    await url.fill('http://example.org/rewritten');
    const question = page.getByRole('alertdialog', { name: 'Discard your changes?' });
    for (const leave of [
      () => page.keyboard.press('Escape'),
      () => dialogOf(page).getByRole('button', { name: 'Close', exact: true }).click(),
    ]) {
      await leave();
      await question.waitFor();
      expect(await axeFindings(page)).toEqual([]);
      await question.getByRole('button', { name: 'Keep editing' }).click();
      await question.waitFor({ state: 'detached' });
      expect(await url.inputValue()).toBe('http://example.org/rewritten');
      const hasFocus = () => page.evaluate('document.activeElement.closest("dialog") !== null');
      await expect.poll(hasFocus).toBe(true);
    }
    await page.keyboard.press('Escape');
    await question.getByRole('button', { name: 'Discard changes' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Edit', exact: true }).click();
    await dialogOf(page).getByLabel('Date and time').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await alice.read(id)).toMatchObject({ name: request.name });
    await page.close();
  });

  test('says at once that the task has started and can no longer be edited', async () => {
    const { id } = await alice.create({
      name: 'starts',
      type: 'slow',
      delay: 3600,
      payload: { steps: 1, step_ms: 60_000 },
    });
    const page = await openDialog('Edit', id);
    expect(await save(page).isDisabled()).toBe(false);
    await alice.call('POST', `/api/tasks/${id}/run-now/`);
    await dialogOf(page)
      .getByText('The task has started in the meantime. It can no longer be edited.')
      .waitFor();
    expect(await save(page).isDisabled()).toBe(true);
    expect(await dialogOf(page).getByText('will run immediately').count()).toBe(0);
    await alice.call('POST', `/api/tasks/${id}/cancel/`);
    await page.close();
  });

  test('sends nothing when nothing has been changed', async () => {
    const { id } = await alice.create(request);
    const page = await openDialog('Edit', id);
    const bodies = edits(page);
    await save(page).click();
    await taskAfterDialog(page);
    expect(bodies).toEqual([]);
    await page.close();
  });

  test('says that the task has changed in the meantime, and keeps its own edits on top of the latest version', async () => {
    const { id } = await alice.create(request);
    const page = await openDialog('Edit', id);
    await alice.call('PATCH', `/api/tasks/${id}/`, { tags: ['theirs'], description: 'theirs' });
    await page.getByLabel('Description').fill('mine');
    await save(page).click();
    await page.getByText('The task has changed in the meantime').waitFor();
    let answer = (): void => undefined;
    const isAnswered = new Promise<void>((resolve) => (answer = resolve));
    await page.route(`**/api/tasks/${id}/`, async (route) => {
      await isAnswered;
      await route.continue();
    });
    await page.getByRole('button', { name: 'Load latest version' }).click();
    // Edits that are made while the latest version is loading are kept as well.
    await page.getByLabel('Name', { exact: true }).fill('Mine as well');
    answer();
    await dialogOf(page).getByText('theirs', { exact: true }).waitFor();
    await save(page).click();
    expect(await taskAfterDialog(page)).toMatchObject({
      name: 'Mine as well',
      tags: ['theirs'],
      description: 'mine',
    });
    await page.close();
  });

  test('says at once that the task has ended', async () => {
    const { id } = await alice.create(request);
    const page = await openDialog('Edit', id);
    await alice.call('POST', `/api/tasks/${id}/cancel/`);
    await dialogOf(page)
      .getByText('The task has ended in the meantime. It can no longer be edited.')
      .waitFor();
    expect(await save(page).isDisabled()).toBe(true);
    await page.close();
  });
});

describe('the dialog that retries a task', () => {
  async function failed(): Promise<Task> {
    const { id } = await alice.create({
      name: 'flaky',
      type: 'flaky',
      payload: { failures: 9 },
      retry: { max_retries: 0 },
      delay: 0,
    });
    return alice.until(id, 'the end of the task', hasEnded);
  }

  test('retries it at once with another payload, and only once even if the button is clicked twice', async () => {
    const { id } = await failed();
    const page = await openDialog('Retry', id);
    expect(await page.getByLabel('failures').inputValue()).toBe('9');
    await page.getByLabel('failures').fill('0');
    await page.evaluate(
      `const button = document.querySelector('dialog button[type=submit]'); button.click(); button.click();`,
    );
    expect(await taskAfterDialog(page)).toMatchObject({ retry_count: 1, payload: { failures: 0 } });
    expect(await alice.until(id, 'the end of the task', hasEnded)).toMatchObject({
      status: 'COMPLETED',
      retry_count: 1,
    });
    await page.close();
  });

  test('can retry it at a later time, and shows an error beside its field', async () => {
    const { id } = await failed();
    const page = await openDialog('Retry', id);
    await page.getByLabel('failures').fill('many');
    await page.getByRole('button', { name: 'In 1 hour' }).click();
    await dialogOf(page).getByRole('button', { name: 'Retry' }).click();
    await page.getByText('Must be a number.').waitFor();
    await page.getByLabel('failures').fill('1');
    await dialogOf(page).getByRole('button', { name: 'Retry' }).click();
    const task = await taskAfterDialog(page);
    expect(task.status).toBe('SCHEDULED');
    expect(Date.parse(task.scheduled_time)).toBeGreaterThan(Date.now() + 3_500_000);
    await page.close();
  });

  test('does not retry it if it has been retried in the meantime, until the latest version is loaded', async () => {
    const { id } = await failed();
    const page = await openDialog('Retry', id);
    await alice.call('POST', `/api/tasks/${id}/retry/`);
    await alice.until(id, 'the end of the task', (task) => task.retry_count === 1 && hasEnded(task));
    await dialogOf(page).getByRole('button', { name: 'Retry' }).click();
    await page.getByText('it may already have been retried').waitFor();
    expect(await alice.read(id)).toMatchObject({ retry_count: 1 });
    await page.getByRole('button', { name: 'Load latest version' }).click();
    await dialogOf(page).getByRole('button', { name: 'Retry' }).click();
    expect(await taskAfterDialog(page)).toMatchObject({ retry_count: 2 });
    await page.close();
  });

  test('takes the focus, and closes on Escape without a retry', async () => {
    const { id } = await failed();
    const page = await openDialog('Retry', id);
    const focused = () => page.evaluate('document.activeElement.textContent');
    await expect.poll(focused).toBe('Retry');
    expect(await page.evaluate('document.activeElement.closest("dialog") !== null')).toBe(true);
    await page.keyboard.press('Escape');
    expect(await taskAfterDialog(page)).toMatchObject({ retry_count: 0 });
    await expect.poll(() => page.evaluate('document.activeElement.dataset.action')).toBe('retry');
    await page.close();
  });
});

test('in a dialog that is taller than the screen, the buttons stay visible and the first field has the focus', async () => {
  const { id } = await alice.create(request);
  const page = await openDialog('Edit', id, { viewport: { width: 375, height: 600 } });
  await expect.poll(() => page.evaluate('document.activeElement.name')).toBe('name');
  for (const button of [save(page), page.getByRole('button', { name: 'Close' })]) {
    const box = await button.boundingBox();
    expect(box?.y).toBeGreaterThan(0);
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThan(600);
  }
  expect(
    await page.evaluate(
      'document.querySelector("dialog").scrollWidth - document.querySelector("dialog").clientWidth',
    ),
  ).toBe(0);
  await page.close();
});

test.each(['light', 'dark'] as const)('the dialogs have no axe findings in %s mode', async (colorScheme) => {
  const waits = await alice.create(request);
  const failed = await alice.create({ name: 'failed', type: 'hopeless', payload: {}, delay: 0 });
  await alice.until(failed.id, 'the end of the task', hasEnded);
  for (const [button, { id }] of [
    ['Edit', waits],
    ['Retry', failed],
  ] as const) {
    const page = await openDialog(button, id, { colorScheme });
    expect(await axeFindings(page)).toEqual([]);
    await page.close();
  }
});
