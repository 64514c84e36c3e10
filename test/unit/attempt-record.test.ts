import { expect, test } from 'vitest';
import { AttemptRecord } from '../../activities/attempt-record.ts';
import { maxCheckpointBytes } from '../../src/contract/limits.ts';

const start = {
  attempt: 1,
  checkpoint: 'before',
  progress: null,
  handedBack: 0,
  deferred: 0,
  lost: 0,
  blamed: 0,
  reported: 0,
  startedAt: 0,
  worker: 'worker',
};

test.each([
  ['is not JSON', '{"row":'],
  ['is larger than the maximum', JSON.stringify('x'.repeat(maxCheckpointBytes))],
])(
  'of a message that bypasses the checks, a checkpoint that %s is dropped and the rest is kept',
  (_what, checkpoint) => {
    const record = new AttemptRecord(start, () => undefined);
    record.take({ checkpoint, log: ['a line'] });
    expect(record.checkpoint).toBe('before');
    expect(record.heartbeat()).toMatchObject({ checkpoint: 'before', current: { log: ['a line'] } });
  },
);

test('watchers are notified of progress, not of every log line', () => {
  let notified = 0;
  const record = new AttemptRecord(start, () => (notified += 1));
  record.take({ log: ['a line'], checkpoint: '1' });
  expect(notified).toBe(0);
  record.take({ progress: { percent: 1, message: '' } });
  expect(notified).toBe(1);
});

test('heartbeats name the last attempt reported to the workflow, and only once it has been reported', () => {
  const record = new AttemptRecord({ ...start, attempt: 3, reported: 1 }, () => undefined);
  expect(record.heartbeat()).toMatchObject({ reported: 1, current: { attempt: 3 } });
  record.reported(2);
  expect(record.heartbeat().reported).toBe(2);
  expect(record.deferral()).toMatchObject({ reported: 2, deferred: 1, handed_back: 1 });
  // The end of this attempt could not be reported.
  expect(record.lastHeartbeat('handed_back')).toMatchObject({ reported: 2, handed_back: 1 });
  record.reported(3);
  expect(record.lastHeartbeat('lost')).toMatchObject({ reported: 3, handed_back: 0 });
});
