/** The metrics of a role's process include those of the SDK's core, which serves them on a port of its own. */
import { createServer } from 'node:http';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startMetrics } from '../../../src/processes/metrics.ts';

/** Starts the metrics of a worker, and a core that answers with this status. */
async function start(status: number) {
  const logger = pino({ level: 'silent' });
  const warn = vi.spyOn(logger, 'warn');
  const config = { host: '127.0.0.1', metrics: { port: 0, token: undefined } };
  const metrics = await startMetrics(config, 'worker', logger);
  const core = createServer((_request, response) => response.writeHead(status).end('temporal_x_total 1\n'));
  onTestFinished(async () => {
    await metrics.close();
    core.closeAllConnections();
    await new Promise((resolve) => core.close(resolve));
  });
  const address = await metrics.chooseCoreAddress?.();
  const { hostname, port } = new URL(`http://${address}`);
  await new Promise<void>((resolve) => core.listen(Number(port), hostname, resolve));
  return { page: async () => (await metrics.page?.())?.text, warn };
}

test("a worker's page has the metrics of the SDK's core", async () => {
  const { page, warn } = await start(200);
  expect(await page()).toContain('temporal_x_total 1\n');
  expect(warn).not.toHaveBeenCalled();
});

test('a page of the core that is an error is left out, and the log says so once', async () => {
  const { page, warn } = await start(500);
  expect(await page()).not.toContain('temporal_x_total');
  await page();
  expect(warn).toHaveBeenCalledExactlyOnceWith(
    { err: new Error("the metrics of the SDK's core: HTTP 500") },
    "missing from the metrics: the SDK's core",
  );
});
