import { expect, test } from 'vitest';
import { AttemptRecord } from '../../activities/attempt-record.ts';
import { maxCheckpointBytes } from '../../src/contract/limits.ts';

const start = {
  attempt: 1,
  checkpoint: 'before',
  progress: null,
  handedBack: 0,
  deferred: 0,
  startedAt: new Date(0),
  worker: 'worker',
};

test.each([
  ['is no JSON', '{"row":'],
  ['is larger than any may be', JSON.stringify('x'.repeat(maxCheckpointBytes))],
])('a checkpoint that %s, sent behind our back, harms nobody and is not kept', (_what, checkpoint) => {
  const record = new AttemptRecord(start, () => undefined);
  record.take({ checkpoint, log: ['a line'] });
  expect(record.checkpoint).toBe('before');
  expect(record.heartbeat()).toMatchObject({ checkpoint: 'before', current: { log: ['a line'] } });
});

test('watchers are told of progress, not of every line', () => {
  let told = 0;
  const record = new AttemptRecord(start, () => (told += 1));
  record.take({ log: ['a line'], checkpoint: '1' });
  expect(told).toBe(0);
  record.take({ progress: { percent: 1, message: '' } });
  expect(told).toBe(1);
});
