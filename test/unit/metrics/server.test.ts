import { expect, onTestFinished, test } from 'vitest';
import { serveMetrics } from '../../../src/metrics/server.ts';
import { sendRaw } from '../../support/raw-request.ts';

async function start(host = '127.0.0.1') {
  const page = async () => ({ type: 'text/plain; version=0.0.4', text: 'a_total 1\n' });
  const server = await serveMetrics({ host, port: 0, page });
  onTestFinished(() => server.close());
  return server;
}

function ask(url: string, host: string) {
  const place = { host: '127.0.0.1', port: Number(new URL(url).port) };
  return sendRaw(place, { path: '/metrics', headers: { host } });
}

test('the page is served at /metrics, and nothing else is', async () => {
  const { url } = await start();
  const response = await fetch(url);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4');
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(await response.text()).toBe('a_total 1\n');
  expect((await fetch(`${url}?name=x`)).status).toBe(200);
  const head = await fetch(url, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '10', '']);
  const post = await fetch(url, { method: 'POST', body: 'x' });
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  for (const path of ['/', '/metrics/x']) expect((await fetch(new URL(path, url))).status, path).toBe(404);
});

test('a port that is open to this machine alone answers no web page whose name is made to resolve to it', async () => {
  const { url } = await start();
  const status = async (host: string) => (await ask(url, host))?.status;
  expect(await status('rebound.example')).toBe(404);
  for (const own of ['localhost', '127.0.0.1:1', '[::1]:9464']) expect(await status(own), own).toBe(200);
});

test('a port that is open to others answers to any name', async () => {
  const { url } = await start('0.0.0.0');
  expect(await ask(url, 'worker-1')).toMatchObject({ status: 200 });
});

test('a port that is taken is an error', async () => {
  const { url } = await start();
  const again = serveMetrics({
    host: '127.0.0.1',
    port: Number(new URL(url).port),
    page: () => Promise.reject(new Error('not asked')),
  });
  await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
