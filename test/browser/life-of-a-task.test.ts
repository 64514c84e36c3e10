import { expect, test } from 'vitest';
import { useBrowser } from '../support/browser.ts';
import { openDashboard } from '../support/dashboard.ts';
import { useService } from '../support/service.ts';

const service = useService();
const browser = useBrowser();

const timeout = 30_000;

test('a task is created, rescheduled, run, retried and deleted in the dashboard, without a reload', async () => {
  const { page, observed, close } = await openDashboard(browser, service);
  await page.evaluate('globalThis.isTheSamePage = true');
  const dialog = page.getByRole('dialog');
  const status = (word: string) =>
    page.locator('.task-title .status', { hasText: word }).waitFor({ timeout });

  // Creates a task that is due in ten minutes.
  await page.getByRole('link', { name: 'New task' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Temperatures');
  await page.getByLabel('csv').fill('city,temp\nOslo,3\nRome,17\n');
  await page.getByRole('button', { name: 'In 10 min' }).click();
  await page.getByRole('button', { name: 'Create task' }).click();
  await page.getByRole('heading', { level: 1, name: 'Temperatures' }).waitFor({ timeout });
  await status('Scheduled');
  await page.getByText(/Starts in 9 min/).waitFor({ timeout });

  // Reschedules it to one minute from now, then runs it now.
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await dialog.getByRole('button', { name: 'In 1 min' }).click();
  await dialog.getByRole('button', { name: 'Save changes' }).click();
  await page.getByText(/Starts in (1 min|5\d s)/).waitFor({ timeout });
  await page.getByRole('button', { name: 'Run now', exact: true }).click();
  await status('Completed');
  await page.getByText('2 rows').waitFor({ timeout });

  // Retries it with other data.
  await page.getByRole('button', { name: 'Retry', exact: true }).click();
  await dialog.getByLabel('csv').fill('city,temp\nOslo,3\nRome,17\nLima,20\n');
  await dialog.getByRole('button', { name: 'Retry', exact: true }).click();
  await dialog.waitFor({ state: 'detached', timeout });
  await page.getByText('3 rows').waitFor({ timeout });
  await status('Completed');

  // Opens it from the list, and deletes it.
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Tasks' }).click();
  await page.getByRole('link', { name: 'Temperatures', exact: true }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await dialog.getByRole('button', { name: 'Delete task' }).click();
  await page.getByText(/Temperatures.* was deleted\./).waitFor({ timeout });
  expect(new URL(page.url()).pathname).toBe('/tasks');
  expect(await page.evaluate('globalThis.isTheSamePage')).toBe(true);
  expect(observed.complaints).toEqual([]);
  await close();
});
