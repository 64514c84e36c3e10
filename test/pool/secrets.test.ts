/** Secrets on their way to handlers, and what handlers report of them. */
import { expect, test } from 'vitest';
import { attempt, type TestPool, usePools } from '../support/pool.ts';
import { waitFor } from '../support/wait-for.ts';

const { start } = usePools();

const value = 'canary-7c1e/"55"';
const url = 'https://crm.example.com/';
const handsOut = async () => value;

/** Waits for what a handler has printed in the worker's log. */
function printed({ logged }: TestPool, count: number): Promise<string[]> {
  return waitFor('the output', () => {
    const lines = logged.map(({ message }) => message).filter((message) => message.startsWith('printed'));
    return lines.length === count && lines;
  });
}

test('a handler gets a secret for a URL, and the worker replaces it in all that the handler reports', async () => {
  const pool = await start();
  const wanted: unknown[] = [];
  const { end, updates } = await attempt(pool, 'confides', { url }, async (request) => {
    wanted.push(request);
    return value;
  });
  expect(wanted).toEqual([{ name: 'crm', url }]);
  expect(end).toEqual({ kind: 'completed', result: '{"known":["[secret crm]"]}' });
  expect(Object.assign({}, ...updates)).toEqual({
    log: [expect.stringMatching(/ INFO logged \[secret crm\]$/)],
    progress: { percent: 50, message: 'half of [secret crm]' },
    checkpoint: '{"[secret crm]":"saved [secret crm]"}',
  });
  expect(await printed(pool, 2)).toEqual(['printed [secret crm]', 'printed [secret crm]']);
});

test('an error that names a secret is reported without it, as are its stack and its cause', async () => {
  const pool = await start();
  const { end, updates } = await attempt(pool, 'confides', { url, fails: true }, handsOut);
  expect(end).toMatchObject({
    kind: 'failed',
    failure: { type: 'Error of [secret crm]', message: 'failed with [secret crm]' },
  });
  const log = updates.flatMap(({ log = [] }) => log).join();
  expect(log).toMatch(/failed with \[secret crm\]\n[^]*Caused by: \[secret crm\]/);
  expect(log).not.toContain('canary');
});

test('without a secret for it, a handler fails, in the same way whatever the reason', async () => {
  const { end } = await attempt(await start(), 'confides', { url });
  expect(end).toMatchObject({
    kind: 'failed',
    failure: {
      type: 'SecretUnavailable',
      message: 'There is no secret crm for this account and host',
      retryable: false,
    },
  });
});

test('the same text in a later attempt is none of its secrets, but stays out of the log of the worker', async () => {
  const pool = await start({ concurrency: 1 });
  const first = await attempt(pool, 'confides', { url }, handsOut);
  const second = await attempt(pool, 'confides', { texts: [value] });
  expect(second.pid).toBe(first.pid);
  expect(second.end).toEqual({ kind: 'completed', result: JSON.stringify({ known: [value] }) });
  expect(new Set(await printed(pool, 4))).toEqual(new Set(['printed [secret crm]']));
});
