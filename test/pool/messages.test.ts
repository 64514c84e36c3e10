/** Messages between handlers and their worker. */
import { describe, expect, test } from 'vitest';
import { maxCheckpointBytes, maxResultBytes } from '../../src/contract/limits.ts';
import { attempt, type LogEntry, type TestPool, usePools } from '../support/pool.ts';

const { start } = usePools();

function ownMessages({ logged }: TestPool): LogEntry[] {
  return logged.filter(({ message }) => message.includes('unknown messages'));
}

test("a handler's own messages to the worker are ignored, with one warning per handler process", async () => {
  const pool = await start();
  const messages = [
    'hello',
    1,
    null,
    [],
    {},
    { type: 'completed' },
    { type: 'completed', number: 1, result: 'x'.repeat(300_000), residentBytes: 1 },
    { type: 'report', report: { log: 'no list' } },
  ];
  for (let count = 0; count < 2; count += 1) {
    const { end, pid, updates } = await attempt(pool, 'sends', { messages });
    expect(end).toMatchObject({ kind: 'completed', result: `{"pid":${pid}}` });
    expect(updates).toEqual([]);
    expect(ownMessages(pool)).toEqual([
      { level: 'warn', facts: { handlerPid: pid, task: 'task of type sends' }, message: expect.any(String) },
    ]);
  }
});

test('a large payload reaches the handler and comes back unchanged, whatever it contains', async () => {
  const pool = await start();
  const odd =
    '{"__proto__":{"polluted":true},"constructor":{"prototype":1},"":null,"\\ud800":"\\udfff 👩‍👩‍👧 \\u0000\\u2028"}';
  const text = `{"odd":${odd},"emoji":"${'👍'.repeat(30_000)}","lone":"${'\\ud83d'.repeat(20_000)}","n":[1e308,-0.5,1e-7]}`;
  expect(Buffer.byteLength(text)).toBeGreaterThan(240_000);
  const payload: unknown = JSON.parse(text);
  const { end } = await attempt(pool, 'echo', payload);
  if (end.kind !== 'completed') throw new Error(`The attempt ${end.kind}`);
  expect(JSON.stringify((JSON.parse(end.result) as { payload: unknown }).payload)).toBe(
    JSON.stringify(payload),
  );
});

describe('a result', () => {
  test('of exactly 256 KiB is accepted', async () => {
    const { end } = await attempt(await start(), 'returns', { bytes: maxResultBytes });
    expect(end).toMatchObject({ kind: 'completed', result: expect.stringMatching(/^"x{262142}"$/) });
  });

  test('of 256 KiB and one byte fails its attempt', async () => {
    const { end } = await attempt(await start(), 'returns', { bytes: maxResultBytes + 1 });
    expect(end).toMatchObject({ kind: 'failed', failure: { type: 'ResultTooLarge', retryable: false } });
  });
});

describe('a checkpoint', () => {
  test.each([
    ['one-byte characters', 'x'],
    ['two-byte characters', 'é'],
  ])('of exactly 256 KiB is accepted, in %s', async (_what, character) => {
    const pool = await start();
    const { end, updates } = await attempt(pool, 'saves', { bytes: maxCheckpointBytes, character });
    expect(end.kind).toBe('completed');
    const saved = updates.flatMap(({ checkpoint }) => checkpoint ?? []);
    expect(saved.map((json) => Buffer.byteLength(json))).toEqual([256 * 1024]);
  });

  test('of 256 KiB and one byte fails its attempt', async () => {
    const pool = await start();
    const { end, updates } = await attempt(pool, 'saves', { bytes: maxCheckpointBytes + 1 });
    expect(end).toMatchObject({
      kind: 'failed',
      failure: { type: 'CheckpointTooLarge', retryable: false, message: expect.stringContaining('262145') },
    });
    expect(updates).toEqual([]);
  });
});
