import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findService, probe } from '../../../demo/probe.ts';
import { lockHome } from '../../../src/processes/home-lock.ts';

function probed(answers: Record<string, [number, string]>) {
  return withServer(answers, probe);
}

async function withServer<T>(
  answers: Record<string, [number, string]>,
  use: (url: string) => Promise<T>,
): Promise<T> {
  const server = createServer((request, response) => {
    const [status, body] = answers[request.url ?? ''] ?? [404, 'no'];
    response.writeHead(status).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const healthz: [number, string] = [200, '{"status":"ok"}'];

test('finds a service, and the number of its workers', async () => {
  expect(await probed({ '/healthz': healthz, '/readyz': [200, '{"status":"ready","workers":2}'] })).toEqual({
    kind: 'up',
    workers: 2,
  });
});

test('finds a service whose Temporal server does not answer', async () => {
  const problem = '{"status":503,"code":"temporal_unavailable"}';
  expect(await probed({ '/healthz': healthz, '/readyz': [503, problem] })).toEqual({ kind: 'unready' });
});

test('does not take another program at that port for the service', async () => {
  expect(await probed({ '/healthz': [200, '<h1>Hello</h1>'] })).toEqual({ kind: 'none' });
});

test('finds no service at a port where nothing listens', async () => {
  expect(await probe('http://127.0.0.1:9')).toEqual({ kind: 'none' });
});

test('prefers the service that runs with the same home folder to one that happens to listen at PORT', async () => {
  const home = await mkdtemp(join(tmpdir(), 'taskbell-probe-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const up: Record<string, [number, string]> = {
    '/healthz': healthz,
    '/readyz': [200, '{"status":"ready","workers":1}'],
  };
  await withServer(up, (own) =>
    withServer(up, async (stranger) => {
      const config = { home, host: '127.0.0.1', port: Number(new URL(stranger).port) };
      expect(await findService({ config })).toBe(stranger);
      await (await lockHome(home)).announce(own);
      expect(await findService({ config })).toBe(own);
      expect(await findService({ config, url: stranger })).toBe(stranger);
    }),
  );
});
