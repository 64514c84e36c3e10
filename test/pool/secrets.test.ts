/** Secrets on their way to handlers, and what handlers report of them. */
import { expect, test } from 'vitest';
import type { FindSecret } from '../../activities/find-secret.ts';
import { acquireDeadline, anInput, attempt, type TestPool, usePools } from '../support/pool.ts';
import { waitFor } from '../support/wait-for.ts';

const { start, writeModule } = usePools();

const value = 'canary-7c1e/"55"';
const url = 'https://crm.example.com/';
const handsOut: FindSecret = async () => ({ kind: 'found', value });

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
    return handsOut(request);
  });
  expect(wanted).toEqual([{ name: 'crm', url, owner: 'alice' }]);
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

test('a handler fails so that it is retried if the worker cannot read its secrets, or fails to', async () => {
  const pool = await start();
  const finders: FindSecret[] = [
    async () => ({ kind: 'unreadable' }),
    () => Promise.reject(new Error('a fault of the worker')),
  ];
  for (const find of finders) {
    const { end } = await attempt(pool, 'confides', { url }, find);
    const message = 'The worker cannot read its secrets';
    expect(end).toMatchObject({ failure: { type: 'SecretsUnreadable', message, retryable: true } });
  }
  expect(pool.logged).toMatchObject([{ level: 'error', message: 'secret crm cannot be read' }]);
});

test('a refusal is logged once for each attempt and secret, with its reason', async () => {
  const module = await writeModule(
    'asks.mjs',
    `export default defineTaskType({
      name: 'asks', description: '', payload: z.looseObject({ names: z.array(z.string()) }),
      run: async ({ secret }, { names }) => {
        const asked = names.map((name) => secret(name, 'https://a/').catch(({ type }) => type));
        return [...new Set(await Promise.all(asked))];
      },
    });`,
  );
  const pool = await start({ modules: [module] });
  const names = ['one', 'two', 'one', 'one', 'no name', 'x'.repeat(65)];
  const { end } = await attempt(pool, 'asks', { names });
  expect(end).toEqual({ kind: 'completed', result: '["SecretUnavailable"]' });
  expect(pool.logged).toMatchObject(
    ['one', 'two'].map((secret) => ({
      level: 'warn',
      facts: { secret, owner: 'alice', reason: 'there is none in this test', task: 'task of type asks' },
      message: `secret ${secret} refused to alice`,
    })),
  );
  await attempt(pool, 'asks', { names: Array.from({ length: 100 }, (_, i) => `name-${i}`) });
  expect(pool.logged.map(({ message }) => message)).toEqual(
    ['one', 'two', ...Array.from({ length: 16 }, (_, i) => `name-${i}`)].map(
      (secret) => `secret ${secret} refused to alice`,
    ),
  );
});

test('an answer that comes after the end of its attempt does not reach the next in its process', async () => {
  const module = await writeModule(
    'late.mjs',
    `const values = [];
    process.on('message', ({ answer }) => answer && values.push(answer.value));
    const type = (name, run) => defineTaskType({ name, description: '', payload: z.looseObject({}), run });
    export default [
      type('asks', async ({ secret }) => void secret('crm', 'https://a/').catch(() => undefined)),
      type('looks', async ({ secret }) => {
        await secret('own', 'https://a/');
        return values;
      }),
    ];`,
  );
  const pool = await start({ modules: [module], concurrency: 1 });
  const handlerProcess = await pool.acquire(acquireDeadline());
  let answer: (found: { kind: 'found'; value: string }) => void = () => undefined;
  const slowly: FindSecret = () => new Promise((resolve) => (answer = resolve));
  await handlerProcess.run(anInput('asks'), () => undefined, slowly);
  const next: FindSecret = async () => {
    answer({ kind: 'found', value: 'of-alice-alone' });
    await new Promise((resolve) => setImmediate(resolve));
    return { kind: 'found', value: 'of-the-other' };
  };
  const end = await handlerProcess.run(anInput('looks'), () => undefined, next);
  pool.release(handlerProcess);
  expect(end).toEqual({ kind: 'completed', result: '["[secret own]"]' });
});

test('a handler that waits for a secret is asked to stop', async () => {
  const pool = await start({ concurrency: 1 });
  const handlerProcess = await pool.acquire(acquireDeadline());
  let asked: () => void = () => undefined;
  const untilAsked = new Promise<void>((resolve) => (asked = resolve));
  const never: FindSecret = () => {
    asked();
    return new Promise(() => undefined);
  };
  const ending = handlerProcess.run(anInput('confides', { url }), () => undefined, never);
  await untilAsked;
  handlerProcess.stop('SoftTimeLimitExceeded', 'time is over');
  expect(await ending).toMatchObject({ kind: 'failed', failure: { type: 'SoftTimeLimitExceeded' } });
  pool.release(handlerProcess);
});
