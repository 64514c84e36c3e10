/** The form for new tasks, in a real browser, on a real service. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Task } from '../../src/contract/task.ts';
import { observe, type Page, useBrowser } from '../support/browser.ts';
import type { Caller } from '../support/caller.ts';
import { axeFindings, openDashboard, type OpenOptions, signInByForm } from '../support/dashboard.ts';
import { useService } from '../support/service.ts';

const service = useService();
const browser = useBrowser();
let alice: Caller;

beforeAll(async () => {
  alice = await service.as('alice');
});

const soon = { timeout: 15_000 };

/** Opens a page as alice, and waits for its form. */
async function openForm(path: string, look: OpenOptions = {}): Promise<Page> {
  const { page } = await openDashboard(browser, service, { path, ...look });
  await create(page).waitFor();
  return page;
}

const create = (page: Page) => page.getByRole('button', { name: 'Create task' });

/** Waits for the page of the new task, and returns the task. */
async function createdTask(page: Page): Promise<Task> {
  await page.waitForURL(/\/tasks\/[0-9a-f]{8}-[0-9a-f-]+$/);
  return alice.read(page.url().split('/').at(-1) ?? '');
}

/** Waits until a field is marked as invalid, and returns the texts beside it. */
async function errorOf(page: Page, label: string): Promise<string> {
  const field = page.getByLabel(label, { exact: true });
  await expect.poll(() => field.getAttribute('aria-invalid'), soon).toBe('true');
  const ids = (await field.getAttribute('aria-describedby'))?.split(' ') ?? [];
  const texts = await Promise.all(ids.map((id) => page.locator(`[id="${id}"]`).textContent()));
  return texts.join(' ');
}

const focusedLabel = (page: Page) =>
  page.evaluate<string>('document.activeElement?.labels?.[0]?.textContent ?? ""');

/** Records the Idempotency-Key of every task creation that the page sends. */
function creations(page: Page): string[] {
  const keys: string[] = [];
  page.on('request', (request) => {
    if (request.method() !== 'POST' || !request.url().endsWith('/api/tasks/')) return;
    keys.push(request.headers()['idempotency-key'] ?? '');
  });
  return keys;
}

describe('a new task', () => {
  test('is created with the values of the form, and its page is opened', async () => {
    const page = await openForm('/tasks/new');
    const observed = observe(page);
    await page.getByLabel('Name', { exact: true }).fill('By form');
    await page.getByLabel('Description').fill('of a browser');
    await page.getByLabel('csv').fill('a,b\n1,2\n3,4');
    await page.getByText('More options:').click();
    await page.getByLabel('Tags').fill('one,two');
    await page.getByLabel('Tags').press('Enter');
    await page.getByLabel('Priority').selectOption('1');
    await page.getByLabel('Max retries').fill('0');
    await create(page).click();
    const task = await createdTask(page);
    expect(task).toMatchObject({
      name: 'By form',
      description: 'of a browser',
      type: 'process-data',
      payload: { csv: 'a,b\n1,2\n3,4' },
      tags: ['one', 'two'],
      priority: 1,
      max_retries: 0,
    });
    expect(task.retry.maximum_interval).toBe(3600);
    await page.getByText('“\u2068By form\u2069” was created.').waitFor();
    expect(observed.complaints).toEqual([]);
    await page.close();
  });

  test('with a blank name and an invalid URL gets an error beside each field, and can be corrected', async () => {
    const page = await openForm('/tasks/new?type=http-request&name=%20');
    await page.getByLabel('url').fill('nowhere');
    await create(page).click();
    expect(await errorOf(page, 'Name')).toContain('may not be blank');
    expect(await focusedLabel(page)).toContain('Name');
    await page.getByLabel('Name', { exact: true }).fill('A call');
    await create(page).click();
    expect(await errorOf(page, 'url')).toContain('Not a valid URL');
    expect(await focusedLabel(page)).toContain('url');
    // The error of a field disappears once its value changes.
    await page.getByLabel('url').fill('http://example.com/');
    await expect.poll(() => page.locator('[aria-invalid=true]').count()).toBe(0);
    await page.getByRole('group', { name: 'headers' }).getByRole('button', { name: 'Add' }).click();
    await page.getByLabel('Name of headers 1').fill('X-Sent-By');
    await page.getByLabel('Value of headers 1').fill('a form');
    await page.getByLabel('method').selectOption('POST');
    await page.getByRole('button', { name: 'In 1 hour' }).click();
    await create(page).click();
    expect((await createdTask(page)).payload).toEqual({
      url: 'http://example.com/',
      method: 'POST',
      headers: { 'X-Sent-By': 'a form' },
    });
    await page.close();
  });

  test('with an error in a folded section opens that section; an error without a field is shown as well', async () => {
    const page = await openForm('/tasks/new?name=x');
    await page.getByText('More options:').click();
    await page.getByLabel('Run after these tasks').fill('no-id');
    await page.getByText('More options:').click();
    await create(page).click();
    expect(await errorOf(page, 'Run after these tasks (IDs, one per line)')).toContain('no-id:');
    expect(await page.getByLabel('Run after these tasks').isVisible()).toBe(true);
    await page.getByLabel('Run after these tasks').fill('');
    await page.getByLabel('csv').fill('a\n1');
    await page.getByLabel('file').fill('a.csv');
    await create(page).click();
    await page.getByText('Give rows, csv or file').waitFor();
    await page.close();
  });

  test('is created once, even if the button is clicked twice', async () => {
    const page = await openForm('/tasks/new?name=twice');
    const keys = creations(page);
    await page.evaluate(
      `const button = document.querySelector('form.task-form button[type=submit]'); button.click(); button.click();`,
    );
    await createdTask(page);
    expect(keys).toHaveLength(1);
    await page.close();
  });

  test('is created once, even if the response is lost and the form is sent again', async () => {
    const page = await openForm('/tasks/new?name=lost');
    const keys = creations(page);
    let lost = 0;
    await page.route('**/api/tasks/', async (route) => {
      if (route.request().method() !== 'POST' || lost > 4) return route.continue();
      await route.fetch();
      lost += 1;
      return route.abort('connectionreset');
    });
    await create(page).click();
    await page.locator('form [role=alert] .problem').waitFor();
    await page.unroute('**/api/tasks/');
    await create(page).click();
    await createdTask(page);
    expect(new Set(keys).size).toBe(1);
    const found = () => alice.call<Task[]>('GET', '/api/tasks/?name=lost');
    await expect.poll(async () => (await found()).body.length, { timeout: 10_000 }).toBe(1);
    await page.close();
  });

  test('keeps the fields of a type while another type is selected', async () => {
    const page = await openForm('/tasks/new');
    await page.getByLabel('csv').fill('a\n1');
    await page.getByLabel('Type').selectOption('http-request');
    await page.getByLabel('url').fill('http://example.com/');
    await page.getByLabel('Type').selectOption('process-data');
    expect(await page.getByLabel('csv').inputValue()).toBe('a\n1');
    await page.getByLabel('Type').selectOption('http-request');
    expect(await page.getByLabel('url').inputValue()).toBe('http://example.com/');
    await page.close();
  });

  test('that copies another one takes everything except the time from it', async () => {
    const model = await alice.create({
      name: 'A model',
      type: 'echo',
      payload: { any: ['thing'] },
      tags: ['copied'],
      priority: 5,
      delay: 3600,
    });
    const page = await openForm(`/tasks/new?from=${model.id}`);
    await create(page).click();
    const copy = await createdTask(page);
    expect(copy.id).not.toBe(model.id);
    expect(copy).toMatchObject({
      name: 'A model',
      payload: { any: ['thing'] },
      tags: ['copied'],
      priority: 5,
    });
    expect(Date.parse(copy.scheduled_time)).toBeLessThan(Date.now() + 60_000);
    await page.close();
  });
});

describe('the time', () => {
  const dateTime = (page: Page) => page.getByLabel('Date and time');

  test('set by a shortcut counts from when the form is sent', async () => {
    const page = await openForm('/tasks/new?name=x');
    await page.getByRole('button', { name: 'In 10 min' }).click();
    expect(await page.getByRole('button', { name: 'In 10 min' }).getAttribute('aria-pressed')).toBe('true');
    const before = Date.now();
    await create(page).click();
    const task = await createdTask(page);
    expect(Date.parse(task.scheduled_time) - before).toBeGreaterThanOrEqual(599_000);
    expect(Date.parse(task.scheduled_time) - before).toBeLessThan(630_000);
    await page.close();
  });

  test('“Tomorrow 9:00” is in the selected time zone', async () => {
    const page = await openForm('/tasks/new?name=x', { timezoneId: 'Europe/Berlin' });
    await page.getByLabel('Time zone').selectOption('Asia/Kathmandu');
    await page.getByRole('button', { name: 'Tomorrow 9:00' }).click();
    expect(await dateTime(page).inputValue()).toMatch(/T09:00(:00)?$/);
    await create(page).click();
    expect((await createdTask(page)).scheduled_time).toMatch(/T03:15:00\.000Z$/);
    await page.close();
  });

  test('that clocks skip becomes the first moment after the gap, with a note', async () => {
    const page = await openForm('/tasks/new?name=x', { timezoneId: 'Europe/Berlin' });
    await dateTime(page).fill('2031-03-30T02:30:00');
    await page.getByText('Clocks skip this time').waitFor();
    await create(page).click();
    expect((await createdTask(page)).scheduled_time).toBe('2031-03-30T01:00:00.000Z');
    await page.close();
  });

  test('is rejected before the form is sent if it is in the past', async () => {
    const page = await openForm('/tasks/new?name=x');
    const keys = creations(page);
    await dateTime(page).fill('2020-01-01T12:00:00');
    await create(page).click();
    expect(await errorOf(page, 'Date and time')).toContain('in the past');
    expect(keys).toEqual([]);
    await page.close();
  });

  test('that passes while the form is filled in means that the task runs immediately', async () => {
    const page = await openForm('/tasks/new?name=x', { timezoneId: 'UTC' });
    const soon = new Date(Date.now() + 2000).toISOString().slice(0, 19);
    await dateTime(page).fill(soon);
    // Waits until the service would reject the time as past.
    await page.getByText('The task will run immediately').waitFor();
    await expect.poll(() => Date.now() - Date.parse(`${soon}Z`), { timeout: 15_000 }).toBeGreaterThan(3000);
    await create(page).click();
    expect(Date.parse((await createdTask(page)).scheduled_time)).toBeGreaterThan(Date.parse(`${soon}Z`));
    await page.close();
  });
});

test('the payload can be edited as JSON, and fields that the form does not know are kept', async () => {
  const page = await openForm('/tasks/new?type=http-request&name=x');
  await page.getByLabel('url').fill('http://example.com/');
  await page.getByRole('button', { name: 'Edit as JSON' }).click();
  const text = page.getByLabel('Payload (JSON)');
  expect(JSON.parse(await text.inputValue())).toEqual({ url: 'http://example.com/' });
  await text.fill('{"url": "http://example.org/", "unknown": {"deep": 1}');
  await page.getByRole('button', { name: 'Edit as JSON' }).click();
  expect(await errorOf(page, 'Payload (JSON)')).toContain('Not valid JSON');
  await text.fill('{"url": "http://example.org/", "unknown": {"deep": 1}}');
  await page.getByRole('button', { name: 'Edit as JSON' }).click();
  expect(await page.getByLabel('url').inputValue()).toBe('http://example.org/');
  await page.getByText('Other fields (kept, editable as JSON): unknown').waitFor();
  await create(page).click();
  await page.getByText('unknown: Unknown field.').waitFor();
  await page.close();
});

test('a header can be a secret, which the form and the page of the task show as it was given', async () => {
  const page = await openForm('/tasks/new?type=http-request&name=x');
  await page.getByRole('button', { name: 'Edit as JSON' }).click();
  const headers = { Authorization: { secret: 'crm-token', prefix: 'Bearer ' }, 'X-Plain': 'text' };
  const payload = { url: 'https://example.com/', headers };
  await page.getByLabel('Payload (JSON)').fill(JSON.stringify(payload));
  await page.getByRole('button', { name: 'Edit as JSON' }).click();
  expect(JSON.parse(await page.getByLabel('headers (JSON)').inputValue())).toEqual(headers);
  await page.getByRole('button', { name: 'In 1 hour' }).click();
  await create(page).click();
  expect((await createdTask(page)).payload).toEqual(payload);
  const tree = page.getByRole('region', { name: 'Payload' });
  for (const key of ['headers', 'Authorization']) await tree.locator('.json-key', { hasText: key }).click();
  await tree.getByText('crm-token').waitFor();
  await page.close();
});

test('a form keeps its values if the session ends and the user signs in again, but not once it has been sent', async () => {
  const page = await openForm('/tasks/new?type=echo');
  await page.getByLabel('Name', { exact: true }).fill('half done');
  await page.getByRole('button', { name: 'In 10 min' }).click();
  const other = await page.context().newPage();
  await other.goto(service.url);
  await other.locator('summary', { hasText: service.users.alice.name }).click();
  await other.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('Your session has ended').waitFor();
  await signInByForm(page, service.users.alice);
  await expect.poll(() => page.getByLabel('Name', { exact: true }).inputValue()).toBe('half done');
  await create(page).click();
  const task = await createdTask(page);
  expect(task).toMatchObject({ name: 'half done', type: 'echo', status: 'SCHEDULED' });
  await page.getByRole('link', { name: 'New task' }).click();
  await create(page).waitFor();
  expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('');
  await page.close();
});

test('a form that is left keeps its values, until the user starts over or discards them', async () => {
  const page = await openForm('/tasks/new?type=echo');
  const name = page.getByLabel('Name', { exact: true });
  const leave = async (link: string): Promise<void> => {
    await page.getByRole('link', { name: link, exact: true }).click();
    await page.goBack();
    await create(page).waitFor();
  };
  await name.fill('half done');
  await leave('Overview');
  expect(await name.inputValue()).toBe('half done');
  // Unchanged since, it is still not lost.
  await leave('Overview');
  expect(await name.inputValue()).toBe('half done');
  await page.getByRole('button', { name: 'Start over' }).click();
  await expect.poll(() => name.inputValue()).toBe('');
  await name.fill('not wanted');
  await leave('Discard');
  expect(await name.inputValue()).toBe('');
  await page.close();
});

describe('the form of a type with fields of all kinds', () => {
  async function openAllKinds(): Promise<{ page: Page; payloads: unknown[] }> {
    const page = await openForm('/tasks/new?name=x&type=all-kinds');
    const payloads: unknown[] = [];
    page.on('request', (request) => {
      if (request.method() !== 'POST' || !request.url().endsWith('/api/tasks/')) return;
      payloads.push((request.postDataJSON() as { payload: unknown }).payload);
    });
    // The description of a type is shown as text, even if it looks like HTML.
    await page.getByText('<b>rejects</b>').waitFor();
    return { page, payloads };
  }

  test('sends fields that are filled in, omits empty ones, and shows each error at its field', async () => {
    const { page, payloads } = await openAllKinds();
    await create(page).click();
    await expect.poll(() => payloads, soon).toEqual([{ sure: false, limits: {} }]);
    // The error belongs to no field of the form, so it is shown above them.
    await page.getByText('nowhere › at › all: Must be true.', { exact: true }).waitFor();
    await page.getByLabel('sure').check();
    await page.getByLabel('loud').selectOption('No');
    const words = page.getByRole('group', { name: 'words' });
    for (const word of ['one', 'two', 'THREE']) {
      await words.getByRole('button', { name: 'Add' }).click();
      // The new field has the focus.
      await page.keyboard.type(word);
    }
    await words.getByRole('button', { name: 'Remove words 1' }).click();
    await page.getByLabel('most', { exact: true }).fill('3');
    await create(page).click();
    const payload = { sure: true, loud: false, words: ['two', 'THREE'], limits: { most: 3 } };
    await expect.poll(() => payloads.at(-1), soon).toEqual(payload);
    expect(await errorOf(page, 'words 2')).toContain('Only a to z.');
    expect(await errorOf(page, 'most')).toContain('Three is too many.');
    const group = page.getByRole('group', { name: 'limits' }).locator('> .field-error');
    expect(await group.textContent()).toBe('These limits are invalid.');
    expect(await axeFindings(page)).toEqual([]);
    await page.getByLabel('words 2', { exact: true }).fill('three');
    await page.getByLabel('most', { exact: true }).fill('4.5');
    await create(page).click();
    const task = await createdTask(page);
    expect(task.payload).toEqual({ ...payload, words: ['two', 'three'], limits: { most: 4.5 } });
    await page.close();
  });

  test('is not sent while a number field contains text', async () => {
    const { page, payloads } = await openAllKinds();
    await page.getByLabel('most', { exact: true }).fill('3 or 4');
    await create(page).click();
    expect(await errorOf(page, 'most')).toContain('Must be a number.');
    expect(payloads).toEqual([]);
    await page.close();
  });
});

describe.each(['light', 'dark'] as const)('in %s mode, axe finds nothing', (colorScheme) => {
  test.each(['process-data', 'http-request'])('on the form of %s, with or without errors', async (type) => {
    const page = await openForm(`/tasks/new?type=${type}`, { colorScheme });
    expect(await axeFindings(page)).toEqual([]);
    await page.getByText('More options:').click();
    await page.getByLabel('Tags').fill('b@d,');
    await page.getByLabel('Hard limit').fill('x');
    await create(page).click();
    await errorOf(page, 'Hard limit (s): handler is killed');
    await page.getByRole('button', { name: 'Tomorrow' }).click();
    expect(await axeFindings(page)).toEqual([]);
    await page.close();
  });
});

test('all errors of a form are shown at once, and each one until it is corrected', async () => {
  const page = await openForm('/tasks/new?type=http-request&name=%20');
  await page.getByLabel('url').fill('http://example.com/');
  await page.getByText('More options:').click();
  await page.getByLabel('Max retries').fill('101');
  await page.getByLabel('Hard limit').fill('x');
  await page.getByLabel('Tags').fill(Array.from({ length: 11 }, (_, index) => `t${index}`).join(','));
  await page.getByLabel('Tags').press('Enter');
  await create(page).click();
  expect(await errorOf(page, 'Name')).toContain('may not be blank');
  expect(await errorOf(page, 'Max retries')).toContain('At most 100.');
  expect(await errorOf(page, 'Hard limit (s): handler is killed')).toContain('Must be a number.');
  expect(await errorOf(page, 'Tags')).toContain('At most 10 tags.');
  await page.getByLabel('Name', { exact: true }).fill('x');
  await page.getByLabel('url').fill('nowhere');
  await create(page).click();
  expect(await errorOf(page, 'Tags')).toContain('At most 10 tags.');
  await page.close();
});

test('at 375 px, the form fits the page even if it copies a task with a long name', async () => {
  const { id } = await alice.create({ name: 'n'.repeat(200), type: 'echo', delay: 3600 });
  const page = await openForm(`/tasks/new?from=${id}`, { viewport: { width: 375, height: 900 } });
  await page.locator('.note').waitFor();
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(375);
  await page.close();
});

test.each([1280, 375])('at %d px, nothing in the form is wider than the page', async (width) => {
  const page = await openForm('/tasks/new?type=http-request', { viewport: { width, height: 900 } });
  await page.getByText('More options:').click();
  await page.getByRole('button', { name: 'Add' }).click();
  const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
  expect(await page.evaluate(overflow)).toBe(0);
  await page.close();
});
