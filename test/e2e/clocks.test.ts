/** API processes whose clock differs from Temporal's, by which tasks become due. */
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Task } from '../../src/contract/task.ts';
import { type Caller, callUrl, signIn } from '../support/caller.ts';
import { useService } from '../support/service.ts';
import { type SlowProxy, startSlowProxy } from '../support/slow-proxy.ts';
import { hasEnded } from '../support/task.ts';

const service = useService();
const preload = pathToFileURL(resolve('test/support/shifted-clock.mjs')).href;

describe.each([-60_000, 60_000])('an API whose clock is off by %i ms', (shiftMs) => {
  let alice: Caller;
  let url: string;
  let proxy: SlowProxy;

  beforeAll(async () => {
    proxy = await startSlowProxy(inject('temporal').address);
    proxy.delayMs = 200;
    const api = await service.startApi({
      NODE_OPTIONS: `--import=${preload}`,
      CLOCK_SHIFT_MS: String(shiftMs),
      TEMPORAL_ADDRESS: proxy.address,
    });
    url = api.url ?? '';
    const { name, password } = service.users.alice;
    alice = await signIn(url, name, password);
  });

  afterAll(() => proxy.close());

  test('counts a delay by the clock of Temporal from its first request on, though Temporal is slow', async () => {
    const before = Date.now();
    const task = await alice.create({ name: 'delayed', type: 'echo', delay: 3 });
    proxy.delayMs = 0;
    expect(Date.parse(task.scheduled_time)).toBeGreaterThanOrEqual(before + 2000);
    expect(Date.parse(task.scheduled_time)).toBeLessThanOrEqual(Date.now() + 4000);
    const { started_at } = await alice.until(task.id, 'its end', hasEnded);
    expect(Date.parse(started_at ?? '') - before).toBeGreaterThanOrEqual(2000);
  });

  test('says so at /readyz', async () => {
    const { status, body } = await callUrl<{ clock_difference: number }>(`${url}/readyz`, 'GET');
    expect(status).toBe(200);
    expect(Math.abs(body.clock_difference - shiftMs / 1000)).toBeLessThanOrEqual(2);
  });

  test('edits and retries tasks, and accepts a time that lies ahead', async () => {
    const soon = new Date(Date.now() + 30_000).toISOString();
    const { id } = await alice.create({ name: 'before', type: 'echo', scheduled_time: soon });
    const edited = await alice.call<Task>('PATCH', `/api/tasks/${id}/`, { name: 'after', delay: 0 });
    expect(edited).toMatchObject({ status: 200, body: { name: 'after' } });
    await alice.until(id, 'its end', hasEnded);
    expect((await alice.call('POST', `/api/tasks/${id}/retry/`)).status).toBe(200);
    expect(await alice.until(id, 'its end', hasEnded)).toMatchObject({ status: 'COMPLETED', retry_count: 1 });
  });
});
