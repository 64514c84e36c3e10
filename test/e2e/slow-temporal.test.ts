/** Requests while Temporal answers, but late: each of the calls that a request makes takes seconds. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Task } from '../../src/contract/task.ts';
import { type Caller, signIn } from '../support/caller.ts';
import { useService } from '../support/service.ts';
import { type SlowProxy, startSlowProxy } from '../support/slow-proxy.ts';
import { hasEnded } from '../support/task.ts';

const service = useService();
let proxy: SlowProxy;
/** Calls an API process that reaches Temporal through the proxy. */
let alice: Caller;

beforeAll(async () => {
  proxy = await startSlowProxy(inject('temporal').address);
  const { url = '' } = await service.startApi({ TEMPORAL_ADDRESS: proxy.address });
  const { name, password } = service.users.alice;
  alice = await signIn(url, name, password);
});

afterAll(async () => {
  await proxy?.close();
});

test('every request is answered within five seconds, with its result or a 503', async () => {
  const created = Array.from({ length: 6 }, () => alice.create({ name: 'slow', delay: 86_400 }));
  const [read, edited, paused, cancelled, deleted, watched] = await Promise.all(created);
  const ended = await alice.create({ name: 'ended', type: 'echo', delay: 0 });
  await alice.until(ended.id, 'its end', hasEnded);
  const at = (task: Task | undefined, rest = '') => `/api/tasks/${task?.id}/${rest}`;
  const task = { name: 'new', delay: 86_400 };
  const key = { 'Idempotency-Key': randomUUID() };
  const requests: Record<string, () => Promise<{ status: number }>> = {
    read: () => alice.call('GET', at(read)),
    create: () => alice.call('POST', '/api/tasks/', task),
    'create with a key': () => alice.call('POST', '/api/tasks/', task, key),
    list: () => alice.call('GET', '/api/tasks/'),
    edit: () => alice.call('PATCH', at(edited), { name: 'edited' }),
    pause: () => alice.call('POST', at(paused, 'pause/')),
    cancel: () => alice.call('POST', at(cancelled, 'cancel/')),
    retry: () => alice.call('POST', at(ended, 'retry/')),
    delete: () => alice.call('DELETE', at(deleted)),
    history: () => alice.call('GET', at(watched, 'history/')),
    overview: () => alice.call('GET', '/api/overview/'),
  };
  proxy.delayMs = 2500;
  const answers = await Promise.all(
    Object.entries(requests).map(async ([name, send]) => {
      const startedAt = performance.now();
      const { status } = await send();
      return { name, status, ms: performance.now() - startedAt };
    }),
  );
  proxy.delayMs = 0;
  // Five seconds, and some for a busy machine. Without a deadline, an edit takes more than ten.
  expect(answers.filter(({ ms }) => ms > 8500)).toEqual([]);
  expect(answers.filter(({ status }) => ![200, 201, 202, 204, 503].includes(status))).toEqual([]);
  expect(answers.find(({ name }) => name === 'create')?.status).toBe(201);
});
