import { expect, test } from 'vitest';
import { createFeedLimit } from '../../src/bridge/feed-limit.ts';

test('an account can open feeds up to the maximum, and another one once one is closed', () => {
  const limit = createFeedLimit(2);
  const release = limit.take('alice');
  limit.take('alice');
  expect(() => limit.take('alice')).toThrow('The account already has 2 sockets and event streams open.');
  limit.take('bob');
  release();
  // Closed once, however often that is reported.
  release();
  limit.take('alice');
  expect(() => limit.take('alice')).toThrow(
    expect.objectContaining({ code: 'too_many_requests', retryAfterSeconds: 30 }),
  );
});

test('a maximum of 0 is no limit', () => {
  const limit = createFeedLimit(0);
  for (let index = 0; index < 1000; index += 1) expect(() => limit.take('alice')).not.toThrow();
});
