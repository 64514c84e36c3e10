import { afterEach, expect, test } from 'vitest';
import { startTarget, type Target, targetFor } from '../../../demo/target.ts';

const targets: Target[] = [];

afterEach(async () => {
  for (const target of targets.splice(0)) await target.close();
});

async function start(port = 0): Promise<Target> {
  const target = await startTarget(port);
  targets.push(target);
  return target;
}

test('the flaky address answers 503 with Retry-After twice, then 200', async () => {
  const { flakyUrl } = await start();
  const responses = [await fetch(flakyUrl), await fetch(flakyUrl), await fetch(flakyUrl)];
  expect(responses.map(({ status }) => status)).toEqual([503, 503, 200]);
  expect(responses.map(({ headers }) => headers.get('Retry-After'))).toEqual(['1', '1', null]);
});

test('the forecast address answers with JSON', async () => {
  const { forecastUrl } = await start();
  expect(await (await fetch(forecastUrl)).json()).toEqual({ city: 'Seattle', forecast: 'rain, then sun' });
});

test('the target uses another port when the requested one is in use', async () => {
  const first = await start();
  const port = Number(first.hostAndPort.split(':')[1]);
  const second = await start(port);
  expect(second.hostAndPort).not.toBe(first.hostAndPort);
  expect((await fetch(second.flakyUrl)).status).toBe(503);
});

test('the target is at the address that this environment lets a service call, otherwise at 127.0.0.1:8765', () => {
  expect(targetFor(['10.0.0.1:80', '127.0.0.1:9123'])).toEqual({ hostAndPort: '127.0.0.1:9123', port: 9123 });
  expect(targetFor([])).toEqual({ hostAndPort: '127.0.0.1:8765', port: 8765 });
});
