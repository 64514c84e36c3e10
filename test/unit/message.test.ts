import { expect, test } from 'vitest';
import { noticeKey, outgoing } from '../../src/bridge/message.ts';
import { aTask } from '../support/task.ts';

test('an outgoing message has the id of its task as its key, and says whether it reports the end of a run', () => {
  const state = (changes: Parameters<typeof aTask>[0]) =>
    outgoing({ ...aTask(changes), type: 'task', task_type: 'echo' });
  expect(state({ id: 'a' })).toMatchObject({ key: 'a', isEnd: false });
  expect(state({ finished_at: '2030-01-01T00:00:00.000Z' })).toMatchObject({ isEnd: true });
  // Text that looks like a field of a message is no such field.
  expect(state({ error_message: '"finished_at":"', result: { finished_at: 'never' } }).isEnd).toBe(false);
  expect(outgoing({ type: 'deleted', id: 'b' })).toEqual({
    text: '{"type":"deleted","id":"b"}',
    key: 'b',
    isEnd: false,
  });
  expect(outgoing({ type: 'notice', notice: 'resumed', detail: 'x' })).toMatchObject({
    key: noticeKey,
    isEnd: false,
  });
});
