import { expect, inject, test } from 'vitest';
import { blockedPorts } from '../../src/engine/hidden-ports.ts';
import { useBrowser } from '../support/browser.ts';
import { useService } from '../support/service.ts';

const service = useService();
const browser = useBrowser();

test('the Temporal Web UI shows a task through its proxy, and no page under another name gets it', async () => {
  const alice = await service.as('alice');
  const { id } = await alice.create({ name: 'seen from within', type: 'echo', delay: 3600 });
  const { webUiUrl, namespace } = inject('temporal');
  const page = await browser.newPage();
  await page.goto(`${webUiUrl}/namespaces/${namespace}/workflows/${id}`);
  await page.getByText(id).first().waitFor();
  await page.getByText('Running').first().waitFor();
  // Browsers resolve all names below localhost to this machine, as a rebound name does.
  const foreign = await page.goto(webUiUrl.replace('127.0.0.1', 'evil.localhost'));
  expect(foreign?.status()).toBe(403);
  await page.close();
});

test('a browser refuses to connect to the ports at which the server hides what web pages must not reach', async () => {
  const page = await browser.newPage();
  for (const port of blockedPorts)
    await expect(page.goto(`http://127.0.0.1:${port}/`), String(port)).rejects.toThrow('ERR_UNSAFE_PORT');
  await page.close();
});
