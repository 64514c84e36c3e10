import { expect, test } from 'vitest';
import { observe, useBrowser } from '../support/browser.ts';
import { anonymously, useService } from '../support/service.ts';

const service = useService();
const browser = useBrowser();

type Document = { paths: Record<string, Record<string, unknown>> };

test('/docs shows every operation, loads files from this service only, and complies with its strict policy', async () => {
  const page = await browser.newPage();
  const observed = observe(page);
  const response = await page.goto(`${service.url}/docs`);
  const policy = response?.headers()['content-security-policy'] ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).not.toContain('unsafe');
  await page.locator('.opblock').first().waitFor();
  const { body } = await anonymously<Document>(service, 'GET', '/openapi.json');
  const operations = Object.values(body.paths).flatMap((item) => Object.keys(item));
  await expect.poll(() => page.locator('.opblock').count(), { timeout: 20_000 }).toBe(operations.length);
  // An open operation shows examples, parameters and responses, which must comply with the policy too.
  for (const path of ['/api/tasks', '/api/tasks/actions']) {
    const block = page.locator('.opblock-post', { has: page.locator(`[data-path="${path}"]`) });
    await block.locator('.opblock-summary-control').click();
    await block.locator('.responses-inner').waitFor();
  }
  expect(observed.complaints).toEqual([]);
  const elsewhere = observed.urls.filter(
    (url) => !url.startsWith(`${service.url}/`) && !url.startsWith('data:'),
  );
  expect(elsewhere).toEqual([]);
  await page.close();
});

test('/docs can call an operation with a token that is entered there', async () => {
  const alice = await service.as('alice');
  const page = await browser.newPage();
  await page.goto(`${service.url}/docs`);
  await page.locator('.auth-wrapper .authorize').click();
  await page.locator('.dialog-ux input[type=text]').first().fill(alice.token);
  await page.locator('.dialog-ux .auth-btn-wrapper .authorize').first().click();
  await page.locator('.dialog-ux .btn-done').first().click();
  const block = page.locator('.opblock', { has: page.locator('[data-path="/api/tasks/counts"]') });
  await block.locator('.opblock-summary-control').click();
  await block.getByRole('button', { name: 'Try it out' }).click();
  await block.getByRole('button', { name: 'Execute' }).click();
  const status = block.locator('.live-responses-table .response-col_status').last();
  await expect.poll(() => status.textContent(), { timeout: 20_000 }).toMatch(/^\s*200/);
  await page.close();
});

test('/docs compresses its files, responds with 304 if they are unchanged, and with 404 to other paths', async () => {
  const url = `${service.url}/docs/swagger-ui-bundle.js`;
  const first = await fetch(url);
  expect(first.headers.get('Content-Encoding')).toBe('gzip');
  expect(first.headers.get('Content-Type')).toBe('text/javascript; charset=utf-8');
  expect((await first.text()).length).toBeGreaterThan(1_000_000);
  const etag = first.headers.get('ETag') ?? '';
  const second = await fetch(url, { headers: { 'If-None-Match': etag } });
  expect(second.status).toBe(304);
  const encodingFor = async (accepted: string) =>
    (await fetch(url, { headers: { 'Accept-Encoding': accepted } })).headers.get('Content-Encoding');
  for (const accepted of ['identity', 'gzip;q=0', 'br, gzip; q=0.0, *', '*;q=0', 'xgzip'])
    expect(await encodingFor(accepted), accepted).toBeNull();
  for (const accepted of ['gzip', 'br;q=1, GZIP;q=0.1', '*', '*;q=0, gzip'])
    expect(await encodingFor(accepted), accepted).toBe('gzip');
  for (const path of ['/docs/nothing.js', '/docs/..%2fserver.js', '/docs/a/b']) {
    expect((await fetch(service.url + path)).status).toBe(404);
  }
  expect((await fetch(`${service.url}/docs/`)).headers.get('Content-Type')).toBe('text/html; charset=utf-8');
});
