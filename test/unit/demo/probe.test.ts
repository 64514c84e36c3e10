import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { probe } from '../../../demo/probe.ts';

async function probed(answers: Record<string, [number, string]>) {
  const server = createServer((request, response) => {
    const [status, body] = answers[request.url ?? ''] ?? [404, 'no'];
    response.writeHead(status).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await probe(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
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
