/** Many watchers at once, and watchers that stay connected, on a real service. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { endedStatuses } from '../../src/contract/status.ts';
import { feedMessage } from '../../src/contract/task.ts';
import { type Caller, createCaller, type Feed } from '../support/caller.ts';
import { useService } from '../support/service.ts';

const service = useService();
let alice: Caller;

beforeAll(async () => {
  alice = await service.as('alice');
});

const farAway = { name: 'far away', type: 'echo', delay: 86_400 };

async function watch(caller: Caller, id: string): Promise<Feed> {
  const feed = await caller.watch(`/ws/tasks/${id}/`);
  await feed.until('the snapshot', ({ messages }) => messages.length > 0);
  return feed;
}

const endsIn = (feed: Feed) => feed.tasks().filter(({ status }) => endedStatuses.has(status));
const hasEnded = (feed: Feed) => endsIn(feed).length > 0;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('many watchers', () => {
  test('of one task, 180 of them, all get the same messages, with one end each', async () => {
    const { id } = await alice.create(farAway);
    const root = await service.as('root');
    const feeds = await Promise.all(
      [alice, root].flatMap((caller) => Array.from({ length: 90 }, () => watch(caller, id))),
    );
    await alice.call('POST', `/api/tasks/${id}/run-now/`);
    for (const feed of feeds) await feed.until('the end', hasEnded);
    const [first] = feeds;
    for (const feed of feeds) {
      expect(feed.messages).toEqual(first?.messages);
      expect(endsIn(feed)).toHaveLength(1);
      feed.socket.close();
    }
  }, 60_000);

  test('of 100 tasks, one for each, all see their task COMPLETED once, with its states in order', async () => {
    const user = await service.asNewUser();
    const tasks = await Promise.all(Array.from({ length: 100 }, () => user.create({ ...farAway, delay: 5 })));
    const feeds = await Promise.all(tasks.map(({ id }) => watch(user, id)));
    for (const feed of feeds) await feed.until('the end', hasEnded, 90_000);
    for (const [index, feed] of feeds.entries()) {
      expect(endsIn(feed)).toMatchObject([{ id: tasks[index]?.id, status: 'COMPLETED' }]);
      const versions = feed.tasks().map(({ version }) => version);
      expect(versions).toEqual(versions.toSorted((a, b) => a - b));
      feed.socket.close();
    }
  }, 120_000);

  test('are not held up by one that does not read, and that one gets the end when it reads again', async () => {
    const { id } = await alice.create({
      name: 'slow',
      type: 'slow',
      delay: 1,
      payload: { steps: 8, step_ms: 250 },
    });
    const [sleeper, reader] = await Promise.all([watch(alice, id), watch(alice, id)]);
    sleeper.socket.pause();
    await reader.until('the end', hasEnded);
    expect(sleeper.tasks()).toHaveLength(1);
    sleeper.socket.resume();
    await sleeper.until('the end', hasEnded);
    expect(sleeper.tasks().at(-1)).toEqual(reader.tasks().at(-1));
    for (const { socket } of [sleeper, reader]) socket.close();
  });
});

describe('a watcher that stays connected', () => {
  test('sees a retry on the same socket, with one end for each run', async () => {
    const { id } = await alice.create({ ...farAway, type: 'hopeless', delay: 0.5, payload: {} });
    const feed = await watch(alice, id);
    await feed.until('the failure', hasEnded);
    expect((await alice.call('POST', `/api/tasks/${id}/retry/`)).status).toBe(200);
    await feed.until('the second failure', () => endsIn(feed).length === 2);
    const [first, second] = endsIn(feed);
    expect(first).toMatchObject({ status: 'FAILED', retry_count: 0, error_message: 'no retry can help' });
    expect(second).toMatchObject({ status: 'FAILED', retry_count: 1 });
    expect(second?.version).toBeGreaterThan(first?.version ?? Infinity);
    feed.socket.close();
  });

  test('sees an edit, a pause, a resume and a cancellation, in this order', async () => {
    const { id } = await alice.create(farAway);
    const feed = await watch(alice, id);
    const last = () => feed.tasks().at(-1);
    await alice.call('PATCH', `/api/tasks/${id}/`, { name: 'renamed' });
    await feed.until('the edit', () => last()?.name === 'renamed');
    await alice.call('POST', `/api/tasks/${id}/pause/`);
    await feed.until('the pause', () => last()?.waiting?.reason === 'paused');
    await alice.call('POST', `/api/tasks/${id}/resume/`);
    await feed.until('the resume', () => last()?.waiting?.reason === 'time');
    await alice.call('POST', `/api/tasks/${id}/cancel/`);
    await feed.until('the end', hasEnded);
    expect(last()?.status).toBe('CANCELLED');
    const versions = feed.tasks().map(({ version }) => version);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    feed.socket.close();
  });

  test('sees changes that are made through another API process', async () => {
    const { id } = await alice.create(farAway);
    const feed = await watch(createCaller(service.secondUrl ?? '', alice.token), id);
    await alice.call('PATCH', `/api/tasks/${id}/`, { name: 'renamed' });
    await feed.until('the edit', () => feed.tasks().at(-1)?.name === 'renamed', 3000);
    await alice.call('POST', `/api/tasks/${id}/cancel/`);
    await feed.until('the end', hasEnded, 3000);
    expect(feed.tasks().at(-1)?.status).toBe('CANCELLED');
    feed.socket.close();
  });

  test('gets only messages of the documented shape, without payload and attempts', async () => {
    const { id } = await alice.create({ ...farAway, delay: 0.5 });
    const feed = await watch(alice, id);
    await feed.until('the end', hasEnded);
    feed.socket.close();
    for (const message of feed.messages) {
      expect(feedMessage.parse(message)).toEqual(message);
      expect(message).not.toHaveProperty('payload');
      expect(message).not.toHaveProperty('attempts');
    }
  });
});

test('TASKBELL_WS_PORT serves the sockets on a second port as well', async () => {
  const port = await freePort();
  const api = await service.startApi({ TASKBELL_WS_PORT: String(port) });
  const { id } = await alice.create({ ...farAway, delay: 1 });
  const urls = [api.url ?? '', `http://127.0.0.1:${port}`];
  const feeds = await Promise.all(urls.map((url) => watch(createCaller(url, alice.token), id)));
  for (const feed of feeds) {
    await feed.until('the end', hasEnded);
    feed.socket.close();
  }
  expect(feeds[1]?.tasks().at(-1)).toEqual(feeds[0]?.tasks().at(-1));
  await api.close();
});
