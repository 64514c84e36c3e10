/** What an attempt reports of what its handler throws, logs and returns. */
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { HandlerAttempt } from '../../activities/pool/attempt.ts';
import type { FromHandler } from '../../activities/pool/messages.ts';
import { type TaskContext, TaskFailure } from '../../activities/types/define.ts';
import { createTaskTypes } from '../../activities/types/index.ts';

const input = {
  taskType: 'own',
  payload: {},
  taskId: 'a',
  owner: { id: 'b', name: 'ada' },
  attempt: 1,
  idempotencyKey: 'c',
};

/** Runs a handler, and returns the log and the end that it reported. */
async function attempt(run: (context: TaskContext) => unknown) {
  const type = {
    name: 'own',
    description: '',
    payload: z.looseObject({}),
    // Handlers in JavaScript return anything.
    run: async (context: TaskContext) => (await run(context)) as never,
  };
  const sent: FromHandler[] = [];
  const types = createTaskTypes({ dataDir: undefined, httpAllowHosts: [], extra: [type] });
  await new HandlerAttempt({ type: 'run', number: 1, input }, (message) => sent.push(message)).run(types);
  const log = sent.flatMap((message) => (message.type === 'report' ? (message.report.log ?? []) : []));
  const end = sent.at(-1);
  return {
    log: log.join('\n'),
    result: end?.type === 'completed' ? end.result : undefined,
    failure: end?.type === 'failed' ? end.failure : undefined,
  };
}

test('the answer to an earlier attempt is not taken for its own', async () => {
  const sent: FromHandler[] = [];
  const found: string[] = [];
  const type = {
    name: 'own',
    description: '',
    payload: z.looseObject({}),
    run: async ({ secret }: TaskContext) => void found.push(await secret('crm', 'https://a/')) as never,
  };
  const types = createTaskTypes({ dataDir: undefined, httpAllowHosts: [], extra: [type] });
  const running = new HandlerAttempt({ type: 'run', number: 2, input }, (message) => sent.push(message));
  const ended = running.run(types);
  const asked = { type: 'secret', number: 2, request: 1, name: 'crm', url: 'https://a/' };
  await vi.waitFor(() => expect(sent).toContainEqual(asked));
  running.answer({ type: 'secret', number: 1, request: 1, answer: { kind: 'found', value: 'of another' } });
  running.answer({ type: 'secret', number: 2, request: 1, answer: { kind: 'found', value: 'its own' } });
  await ended;
  expect(found).toEqual(['its own']);
});

describe('what an attempt reports of a secret is replaced before it is cut or measured:', () => {
  const value = 'canary-0123456789';

  /** Runs a handler that has the secret `with-a-long-name-of-a-secret`, and returns what it reported. */
  async function reported(run: (context: TaskContext) => unknown) {
    const sent: FromHandler[] = [];
    const type = {
      name: 'own',
      description: '',
      payload: z.looseObject({}),
      run: async (context: TaskContext) => {
        await context.secret('with-a-long-name-of-a-secret', 'https://a/');
        return (await run(context)) as never;
      },
    };
    const types = createTaskTypes({ dataDir: undefined, httpAllowHosts: [], extra: [type] });
    const running = new HandlerAttempt({ type: 'run', number: 1, input }, (message) => {
      sent.push(message);
      if (message.type === 'secret')
        setImmediate(() => running.answer({ ...message, answer: { kind: 'found', value } }));
    });
    await running.run(types);
    expect(JSON.stringify(sent)).not.toContain('canary');
    return sent;
  }
  /** A text of which the limit would cut the value in two. */
  const cutAt = (bytes: number): string => `${'.'.repeat(bytes - 12)}${value}`;

  test('log lines, progress and errors', async () => {
    const sent = await reported(({ log, progress }) => {
      log.info(cutAt(2048 - 30));
      log.info({ text: cutAt(10_000) } as unknown as string);
      progress(1, cutAt(500));
      throw Object.assign(new Error(cutAt(4096)), { name: cutAt(100) });
    });
    expect(sent.at(-1)).toMatchObject({
      type: 'failed',
      failure: { type: expect.stringContaining('.[secret') },
    });
    await reported(() => {
      throw { text: cutAt(10_000) } as unknown as Error;
    });
  });

  test('a checkpoint, which is then too large to write, or reads as the next attempt reads it', async () => {
    const sent = await reported(({ checkpoint }) => {
      expect(() => checkpoint.write(`${value} `.repeat(14_000))).toThrow(
        'The checkpoint is 532002 bytes of JSON',
      );
      checkpoint.write({ [value]: value });
      return checkpoint.read();
    });
    const marker = '[secret with-a-long-name-of-a-secret]';
    expect(sent.at(-1)).toMatchObject({ type: 'completed', result: JSON.stringify({ [marker]: marker }) });
  });

  test('a result, which is then too large', async () => {
    const sent = await reported(() => `${value} `.repeat(14_000));
    expect(sent.at(-1)).toMatchObject({ type: 'failed', failure: { type: 'ResultTooLarge' } });
  });
});

const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });

describe('an error that a handler throws', () => {
  test('is logged with the stacks of all its causes', async () => {
    const { log } = await attempt(() => {
      throw new RangeError('too far', { cause: new Error('no map', { cause: 'not printed' }) });
    });
    expect(log).toMatch(
      /RangeError: too far\n +at [^]*Caused by: Error: no map\n +at [^]*Caused by: not printed/,
    );
  });

  test('has the message of its cause if its own says nothing, as that of fetch', async () => {
    const { failure } = await attempt(() => {
      throw new TypeError('fetch failed', { cause: refused });
    });
    expect(failure?.message).toBe('fetch failed: connect ECONNREFUSED 127.0.0.1:1');
    const both = new AggregateError([refused], '');
    const { failure: tried } = await attempt(() => {
      throw new TypeError('fetch failed', { cause: Object.assign(both, { code: 'ECONNREFUSED' }) });
    });
    expect(tried?.message).toBe('fetch failed: connect ECONNREFUSED 127.0.0.1:1');
    const { failure: coded } = await attempt(() => {
      throw new TypeError('fetch failed', { cause: Object.assign(new Error('closed'), { code: 'UND_ERR' }) });
    });
    expect(coded?.message).toBe('fetch failed: UND_ERR closed');
  });

  test('keeps a message that says something', async () => {
    const { failure } = await attempt(() => {
      throw new Error('The map service is down', { cause: refused });
    });
    expect(failure?.message).toBe('The map service is down');
  });

  test('may be its own cause', async () => {
    const error = new Error('fetch failed');
    error.cause = error;
    const { failure } = await attempt(() => {
      throw error;
    });
    expect(failure?.message).toBe('fetch failed');
  });

  test('is not logged if it is a TaskFailure, but its causes are', async () => {
    const thrown = (cause?: unknown) =>
      attempt(() => {
        throw new TaskFailure('Busy', 'Closed', { retryable: true, cause });
      });
    expect((await thrown()).log).toBe('');
    const { log, failure } = await thrown(refused);
    expect(log).toContain('Caused by: Error: connect ECONNREFUSED');
    expect(failure).toMatchObject({ type: 'Busy', message: 'Closed' });
  });

  test('that a real fetch throws says what went wrong', async () => {
    // Port 1 is closed on every machine that runs tests.
    const { failure } = await attempt(() => fetch('http://127.0.0.1:1/'));
    expect(failure?.message).toMatch(/^fetch failed: .+/);
  });
});

describe('what a handler logs', () => {
  test.each([
    [{ rows: 2, names: ['a'] }, '{"rows":2,"names":["a"]}'],
    [[1, 'b'], '[1,"b"]'],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    [new Map([['a', 1]]), "Map(1) { 'a' => 1 }"],
    [undefined, 'undefined'],
    [12n, '12n'],
    ['as it is', 'as it is'],
  ])('is text: %o', async (logged, text) => {
    const { log } = await attempt(({ log }) => {
      log.info(logged as string);
      return null;
    });
    expect(log.replace(/^\S+ INFO /, '')).toBe(text);
  });

  test('can be a circle, or an error with its cause', async () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const { log, failure } = await attempt(({ log }) => {
      log.info(circle as string);
      log.error(new Error('outer', { cause: refused }) as unknown as string);
      return null;
    });
    expect(failure).toBeUndefined();
    expect(log).toContain('[Circular *1]');
    expect(log).toMatch(/ERROR Error: outer[^]*Caused by: Error: connect ECONNREFUSED/);
  });
});

describe('what a handler returns', () => {
  test.each([
    [{ at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
    [{ mean: Number.NaN, max: Infinity }, '{"mean":null,"max":null}'],
    [{ data: Buffer.from('a') }, '{"data":{"type":"Buffer","data":[97]}}'],
    [{ kept: 1, left: () => 1 }, '{"kept":1}'],
    [undefined, 'null'],
  ])('is written as JSON.stringify does: %o', async (returned, result) => {
    expect((await attempt(() => returned)).result).toBe(result);
  });

  test.each([
    [new Map([['a', 1]]), 'it is a Map, which would become {}. Return Object.fromEntries(map)'],
    [{ found: { ids: new Set([1]) } }, '"ids" is a Set, which would become {}. Return an array: [...set]'],
  ])('fails the attempt for good if JSON would keep nothing of it: %o', async (returned, why) => {
    const { failure } = await attempt(() => returned);
    expect(failure).toMatchObject({
      type: 'ResultNotSerialisable',
      message: `The result cannot be written as JSON: ${why}`,
      retryable: false,
    });
  });
});
