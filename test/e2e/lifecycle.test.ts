import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Caller } from '../support/caller.ts';
import { useService } from '../support/service.ts';

const service = useService();
let alice: Caller;

beforeAll(async () => {
  alice = await service.as('alice');
});

describe('a task', () => {
  test('is shown to its watcher in the order SCHEDULED, PENDING, RUNNING, COMPLETED, and ends with the result of a real CSV', async () => {
    const csv = await readFile('node_modules/vega-datasets/data/seattle-weather.csv', 'utf8');
    const created = await alice.create({ name: 'weather', delay: 4, payload: { csv } });
    expect(created).toMatchObject({ status: 'SCHEDULED', version: 1, waiting: { reason: 'time' } });

    const feed = await alice.watch(`/ws/tasks/${created.id}/`);
    await feed.until('the end', () => feed.tasks().at(-1)?.status === 'COMPLETED');
    feed.socket.close();

    const statuses = feed.tasks().map(({ status }) => status);
    expect(statuses[0]).toBe('SCHEDULED');
    expect(isInOrder(statuses)).toBe(true);
    const versions = feed.tasks().map(({ version }) => version);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect(statuses.filter((status) => status === 'COMPLETED')).toHaveLength(1);
    const end = feed.tasks().at(-1);
    expect(end?.result).toMatchObject({
      message: 'Data processed successfully',
      rows: csv.trim().split('\n').length - 1,
    });
    expect(Date.parse(end?.started_at ?? '')).toBeGreaterThanOrEqual(Date.parse(created.scheduled_time));
  });

  test('is RUNNING with growing progress while its handler runs', async () => {
    const { id } = await alice.create({
      name: 'slow',
      type: 'slow',
      delay: 0,
      payload: { steps: 12, step_ms: 250 },
    });
    const feed = await alice.watch(`/ws/tasks/${id}/`);
    await feed.until('the end', () => feed.tasks().at(-1)?.status === 'COMPLETED');
    feed.socket.close();

    const running = feed.tasks().filter(({ status }) => status === 'RUNNING');
    const percents = running.map(({ progress }) => progress?.percent ?? 0);
    expect(Math.max(...percents)).toBeGreaterThan(0);
    expect(percents).toEqual(percents.toSorted((a, b) => a - b));
    expect(isInOrder(feed.tasks().map(({ status }) => status))).toBe(true);
  });

  test('without a payload does what it did in the previous service', async () => {
    const { id } = await alice.create({ name: 'plain', delay: 0 });
    const ended = await alice.until(id, 'the end', ({ status }) => status === 'COMPLETED');
    expect(ended).toMatchObject({
      result: { message: 'Data processed successfully' },
      attempt: 1,
      retry_count: 0,
    });
    expect(ended.attempts).toMatchObject([{ attempt: 1, outcome: 'completed', error: null }]);
  });
});

const order = ['SCHEDULED', 'PENDING', 'RUNNING', 'COMPLETED'];

function isInOrder(statuses: readonly string[]): boolean {
  const ranks = statuses.map((status) => order.indexOf(status));
  return ranks.every((rank, index) => rank >= (ranks[index - 1] ?? 0));
}
