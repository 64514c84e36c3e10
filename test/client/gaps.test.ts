/** The events that `watchAll` reports after a time without connection. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Client, createClient, type Notice, type TaskEvent } from '../../src/client/node.ts';
import { type Link, startLink } from '../support/link.ts';
import { useService } from '../support/service.ts';

const hour = 3600;

const service = useService();
let link: Link;
let direct: Client['tasks'];
let takings: Promise<unknown>[] = [];
let leaving = new AbortController();

beforeAll(async () => {
  direct = clientAt(service.url);
});

beforeEach(async () => {
  link = await startLink(service.url);
  leaving = new AbortController();
});
afterEach(async () => {
  leaving.abort();
  await Promise.all(takings);
  takings = [];
  await link.close();
});

function clientAt(url: string): Client['tasks'] {
  return createClient({ url, username: service.users.alice.name, password: service.users.alice.password })
    .tasks;
}

interface Watching {
  readonly events: TaskEvent[];
  readonly notices: Notice['notice'][];
  /** Returns the statuses of one task, in order of arrival. */
  statesOf(id: string): string[];
}

function watchAll(tasks: Client['tasks'], tag: string): Watching {
  const events: TaskEvent[] = [];
  const notices: Notice['notice'][] = [];
  const watching = tasks.watchAll(
    { tag: [tag] },
    { signal: leaving.signal, onNotice: ({ notice }) => void notices.push(notice) },
  );
  const taking = (async () => {
    for await (const event of watching) events.push(event);
  })();
  takings.push(taking.catch(() => undefined));
  const statesOf = (id: string): string[] =>
    events.flatMap((event) => (event.type === 'task' && event.task.id === id ? [event.task.status] : []));
  return { events, notices, statesOf };
}

test('watchAll() reports a connection as soon as it is open, even if no task matches', async () => {
  const { notices } = watchAll(clientAt(link.url), randomUUID());
  await expect.poll(() => notices, { timeout: 10_000 }).toEqual(['connected']);
});

test('watchAll() reports tasks that were created or that ended while it had no connection', async () => {
  const tag = randomUUID();
  // Another watcher stays connected, so the service has published all of this before the first one is back.
  const other = watchAll(direct, tag);
  const mine = watchAll(clientAt(link.url), tag);
  for (const { notices } of [other, mine]) await expect.poll(() => notices).toEqual(['connected']);
  const waiting = await direct.create({ name: 'waits', type: 'echo', delay: hour, tags: [tag] });
  await expect.poll(() => mine.statesOf(waiting.id), { timeout: 20_000 }).toEqual(['SCHEDULED']);
  link.cut();
  await expect.poll(() => mine.notices, { timeout: 10_000 }).toContain('disconnected');
  await direct.runNow(waiting.id);
  const made = await direct.create({ name: 'new', type: 'echo', delay: hour, tags: [tag] });
  await expect.poll(() => other.statesOf(waiting.id).at(-1), { timeout: 20_000 }).toBe('COMPLETED');
  await expect.poll(() => other.statesOf(made.id), { timeout: 20_000 }).toContain('SCHEDULED');
  link.restore();
  await expect.poll(() => mine.statesOf(waiting.id).at(-1), { timeout: 20_000 }).toBe('COMPLETED');
  await expect.poll(() => mine.statesOf(made.id), { timeout: 20_000 }).toEqual(['SCHEDULED']);
  const end = mine.events.findLast((event) => event.type === 'task' && event.task.id === waiting.id);
  expect(end).toMatchObject({ task: { result: { taskId: waiting.id } } });
});
