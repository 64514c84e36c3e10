import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, Connection } from '@temporalio/client';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { startEmbedded } from '../../src/engine/embedded.ts';
import { locateTemporal } from '../../src/engine/locate.ts';
import { ensureNamespace } from '../../src/temporal/namespace.ts';
import type { TemporalCli } from '../../src/engine/version.ts';
import { createCaller } from '../support/caller.ts';
import { waitFor } from '../support/wait-for.ts';
import { anonymously, type Service, type ServiceOptions, startService } from '../support/service.ts';
import { hasEnded } from '../support/task.ts';
import { connectTemporal } from '../support/temporal-client.ts';

const hour = 3600;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function start(options: ServiceOptions): Promise<Service> {
  const service = await startService(options);
  closers.push(() => service.close());
  return service;
}

describe('without a worker,', () => {
  test('due tasks wait for one, and cancel, pause, resume and run-now are accepted with 202 and take effect once one starts', async () => {
    const service = await start({ workers: 0 });
    const alice = await service.as('alice');
    const due = await alice.create({ name: 'due', delay: 0 });
    const waits = await alice.until(due.id, 'it to become due', ({ status }) => status === 'PENDING');
    expect(waits.waiting).toEqual({ reason: 'worker' });
    const cancelled = await alice.create({ name: 'cancelled', delay: hour });
    const paused = await alice.create({ name: 'paused', delay: 0 });
    const now = await alice.create({ name: 'now', delay: hour });
    const send = async (id: string, ...names: string[]) => {
      for (const name of names) {
        expect(await alice.call('POST', `/api/tasks/${id}/${name}/`)).toMatchObject({ status: 202 });
      }
    };
    await send(cancelled.id, 'cancel');
    expect(await alice.read(cancelled.id)).toMatchObject({ waiting: { reason: 'cancelling' } });
    // It is not paused, and yet the resume has no effect so far: the pause before it will be processed first.
    await send(paused.id, 'pause', 'resume', 'pause');
    await send(now.id, 'run-now');

    await service.startWorker();
    expect(await alice.until(due.id, 'the due task to end', hasEnded)).toMatchObject({ status: 'COMPLETED' });
    expect(await alice.until(now.id, 'the task that was run early to end', hasEnded)).toMatchObject({
      status: 'COMPLETED',
    });
    expect(await alice.until(cancelled.id, 'the cancelled task to end', hasEnded)).toMatchObject({
      status: 'CANCELLED',
      attempt: 0,
    });
    const last = await alice.until(
      paused.id,
      'the task to be paused',
      ({ waiting }) => waiting?.reason === 'paused',
    );
    expect(last).toMatchObject({ status: 'SCHEDULED', attempt: 0 });
    const events = await historyOf(cancelled.id);
    expect(events.filter((event) => event.activityTaskScheduledEventAttributes)).toEqual([]);
  });

  test('an edit is rejected with 503, and does not take effect later when a worker starts', async () => {
    const service = await start({ workers: 0 });
    const alice = await service.as('alice');
    const { id } = await alice.create({ name: 'before', delay: hour });
    const answer = await alice.call('PATCH', `/api/tasks/${id}/`, { name: 'after' });
    expect(answer).toMatchObject({ status: 503, body: { code: 'no_worker' } });
    expect(answer.headers.get('Retry-After')).toBe('5');
    await service.startWorker();
    // A command that takes effect shows that the worker has started.
    await waitFor(
      'a worker to start',
      async () => (await alice.call('POST', `/api/tasks/${id}/pause/`)).status === 200,
    );
    expect(await alice.read(id)).toMatchObject({ name: 'before', waiting: { reason: 'paused' } });
  });
});

describe('a kill -9 of the Temporal server and the worker, between the creation of tasks and their due time,', () => {
  let cli: TemporalCli;
  beforeAll(async () => {
    cli = await locateTemporal(readConfig().engine, () => undefined);
  });

  test('loses no task: writes get 503 and watchers are notified, and afterwards all tasks complete, none before its time', async () => {
    const home = await mkdtemp(join(tmpdir(), 'taskbell-restart-'));
    closers.push(() => rm(home, { recursive: true, force: true }));
    const server = await startEmbedded({ home, cli, port: 0, webUiPort: 0, namespace: 'default' });
    const connection = await Connection.connect({ address: server.address });
    await ensureNamespace(connection, { namespace: 'default', create: true });
    await connection.close();
    const service = await start({ temporal: { address: server.address, namespace: 'default' }, workers: 0 });
    const worker = await service.startWorker();
    const alice = await service.as('alice');
    const tasks = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        alice.create({ name: `kept ${index}`, delay: 6, type: 'echo' }),
      ),
    );
    const feed = await alice.watch(`/ws/tasks/${tasks[0]?.id}/`);

    process.kill(server.pid, 'SIGKILL');
    await server.ended;
    await waitFor('writes to be rejected', async () => {
      const { status, headers } = await alice.call('POST', '/api/tasks/', { name: 'rejected', delay: 1 });
      return status === 503 && headers.has('Retry-After');
    });
    expect((await anonymously(service, 'GET', '/readyz')).status).toBe(503);
    expect((await anonymously(service, 'GET', '/healthz')).status).toBe(200);
    await feed.until('watchers to be notified', ({ messages }) =>
      messages.some((message) => message.type === 'notice' && message.notice === 'unreachable'),
    );
    process.kill(worker.pid, 'SIGKILL');

    const again = await startEmbedded({ home, cli, port: server.port, webUiPort: 0, namespace: 'default' });
    closers.push(() => again.close());
    await service.startWorker();
    await feed.until('the watcher to see the end', () => feed.tasks().at(-1)?.status === 'COMPLETED');
    expect(feed.messages.some((message) => message.type === 'notice' && message.notice === 'resumed')).toBe(
      true,
    );

    const api = await service.startApi();
    const elsewhere = createCaller(api.url ?? '', alice.token);
    for (const { id, scheduled_time } of tasks) {
      const end = await elsewhere.until(id, 'its end', hasEnded);
      expect(end.status).toBe('COMPLETED');
      expect(Date.parse(end.started_at ?? '')).toBeGreaterThanOrEqual(Date.parse(scheduled_time));
    }
  }, 120_000);
});

async function historyOf(workflowId: string) {
  return withTemporal(
    async ({ workflow }) => (await workflow.getHandle(workflowId).fetchHistory()).events ?? [],
  );
}

async function withTemporal<T>(ask: (client: Client) => Promise<T>): Promise<T> {
  const client = await connectTemporal();
  try {
    return await ask(client);
  } finally {
    await client.connection.close();
  }
}
