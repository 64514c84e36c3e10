import { expect, test, vi } from 'vitest';
import type { Principal } from '../../src/auth/principal.ts';
import { createFeedLimit } from '../../src/bridge/feed-limit.ts';
import { createHub } from '../../src/bridge/hub.ts';
import { createStreams } from '../../src/bridge/streams.ts';
import type { FeedMessage, TaskSummary } from '../../src/contract/task.ts';
import { aTask } from '../support/task.ts';

const alice: Principal = {
  id: 'alice',
  name: 'alice',
  role: 'user',
  generation: 1,
  scopes: ['read', 'write'],
  credential: { type: 'token' },
  expiresAt: Date.now() + 3_600_000,
};

function seen(changes: Partial<TaskSummary> = {}, runId = 'run 1') {
  return { runId, transitions: 1, task: aTask(changes) };
}

function setUp() {
  const hub = createHub({ onFirst: () => undefined, now: Date.now });
  const credential = { isValid: true };
  const streams = createStreams({
    hub,
    observeAs: async () => seen(),
    isCredentialValid: () => credential.isValid,
    limit: createFeedLimit(0),
  });
  return { hub, streams, credential };
}

function statusIn(text: unknown): string {
  const message = JSON.parse(String(text)) as FeedMessage;
  return message.type === 'task' ? message.status : message.type;
}

test('a stream that its reader has left no longer watches its task', async () => {
  const { hub, streams } = setUp();
  const stream = await streams.open(alice, 'a');
  expect(hub.size).toBe(1);
  stream.end('client disconnected');
  expect(hub.size).toBe(0);
});

test('a stream whose token has ended delivers nothing more, even to a slow reader', async () => {
  const { hub, streams, credential } = setUp();
  const stream = await streams.open(alice, 'a');
  const onEnd = vi.fn<() => void>();
  stream.onEnd(onEnd);
  credential.isValid = false;
  streams.closeInvalid();
  hub.publish('a', seen({ version: 2 }));
  expect(await stream.next()).toMatchObject({ code: 4401 });
  expect(hub.size).toBe(0);
  expect(onEnd).toHaveBeenCalledOnce();
});

test('a slow reader gets the end of each run, and the latest state', async () => {
  const { hub, streams } = setUp();
  const stream = await streams.open(alice, 'a');
  const finished_at = new Date().toISOString();
  hub.publish('a', seen({ version: 2, status: 'RUNNING' }));
  hub.publish('a', seen({ version: 3, status: 'FAILED', finished_at }));
  hub.publish('a', seen({ version: 4, status: 'SCHEDULED' }, 'run 2'));
  hub.publish('a', seen({ version: 5, status: 'RUNNING' }, 'run 2'));
  expect(statusIn(await stream.next())).toBe('FAILED');
  expect(statusIn(await stream.next())).toBe('RUNNING');
  stream.end('client disconnected');
});

test('no stream is opened once the service is closing', async () => {
  const { hub, streams } = setUp();
  streams.close();
  await expect(streams.open(alice, 'a')).rejects.toMatchObject({ code: 'temporal_unavailable' });
  expect(hub.size).toBe(0);
});

test('a slow reader gets every notice, and the latest state in its place', async () => {
  const { hub, streams } = setUp();
  const stream = await streams.open(alice, 'a');
  hub.notice('unreachable', 'away');
  hub.publish('a', seen({ version: 2, status: 'RUNNING' }));
  hub.notice('resumed', 'back');
  const texts = [await stream.next(), await stream.next(), await stream.next()];
  expect(texts.map(statusIn)).toEqual(['notice', 'RUNNING', 'notice']);
  stream.end('client disconnected');
});
