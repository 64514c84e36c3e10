/** Replays exchanges recorded from the previous service: its clients must not notice the change. */
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { type Answer, callUrl, type Caller, untilDone } from '../support/caller.ts';
import { useService } from '../support/service.ts';

const body = z.record(z.string(), z.unknown());

const exchange = z.strictObject({
  what: z.string(),
  request: z.strictObject({
    method: z.string(),
    path: z.string(),
    as: z.enum(['alice', 'bob']).optional(),
    body: body.optional(),
  }),
  response: z.strictObject({ status: z.int(), body: z.union([body, z.array(body)]).optional() }),
  /** The response takes a moment: the request is repeated until it comes. */
  eventually: z.literal(true).optional(),
  /** How the response differs here on purpose. */
  here: z
    .strictObject({
      status: z.int(),
      why: z.string(),
      body: body.optional(),
      /** JSON pointer that `errors[]` must name. */
      pointer: z.string().optional(),
      /** Field of the request without which the response is the recorded one. */
      as_recorded_without: z.string().optional(),
    })
    .optional(),
});
type Exchange = z.infer<typeof exchange>;

const file = new URL('exchanges.json', import.meta.url);
const { exchanges } = z
  .strictObject({ about: z.string(), exchanges: z.array(exchange) })
  .parse(JSON.parse(await readFile(file, 'utf8')));

const service = useService({ environment: { TASKBELL_WORKER_CONCURRENCY: '2' } });
let callers: Record<'alice' | 'bob', Caller>;

beforeAll(async () => {
  const [alice, bob] = await Promise.all([service.as('alice'), service.as('bob')]);
  callers = { alice, bob };
});

describe.each([
  ['as recorded', (path: string) => path],
  ['without trailing slashes', (path: string) => path.replace(/\/$/, '')],
])('requests recorded from the previous service, sent %s,', (_variant, spell) => {
  const play = createReplay();

  for (const recorded of exchanges) {
    const { what, here, eventually } = recorded;
    const title = here
      ? `get a response that differs on purpose: ${what}. ${here.why}`
      : `get the recorded response: ${what}`;
    test(title, async () => {
      expect.hasAssertions();
      if (eventually) await vi.waitFor(() => play(recorded), { timeout: 20_000, interval: 100 });
      else await play(recorded);
    });
  }

  /** Returns a function that replays exchanges in order: requests use the ids and tokens of earlier responses. */
  function createReplay() {
    const known = new Map<string, string>();
    const times = createTimes();

    const send = async ({ method, path, as, body }: Exchange['request']): Promise<Answer<unknown>> => {
      const request = [method, spell(String(fill(path))), fill(body)] as const;
      if (as !== undefined) return untilDone(() => callers[as].call<unknown>(...request));
      return callUrl<unknown>(`${service.url}${request[1]}`, request[0], request[2]);
    };

    /** Replaces placeholders with known values. */
    function fill(value: unknown): unknown {
      if (typeof value === 'string') {
        return value.replace(/\{\{.+?\}\}/g, (placeholder) => {
          if (placeholder === '{{instant}}') return new Date().toISOString();
          const found = times.at(placeholder) ?? known.get(placeholder);
          if (found === undefined) throw new Error(`No response has contained ${placeholder} yet`);
          return found;
        });
      }
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, fill(member)]));
    }

    function check(actual: unknown, recorded: unknown, at: string): void {
      if (typeof recorded === 'string' && recorded.startsWith('{{'))
        return checkPlaceholder(actual, recorded, at);
      if (typeof recorded !== 'object' || recorded === null) return expect(actual, at).toBe(recorded);
      if (isList(recorded)) return checkRows(actual, recorded, at);
      if (Array.isArray(recorded)) return expect(actual, at).toEqual(recorded);
      expect(actual, at).toBeTypeOf('object');
      for (const [key, member] of Object.entries(recorded)) {
        check((actual as Record<string, unknown>)[key], member, `${at}.${key}`);
      }
    }

    function checkPlaceholder(actual: unknown, placeholder: string, at: string): void {
      expect(actual, at).toBeTypeOf('string');
      const text = String(actual);
      const time = times.at(placeholder);
      if (time !== undefined) return expect(Date.parse(text), at).toBe(Date.parse(time));
      if (placeholder === '{{instant}}') {
        expect(text, at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        return expect(Math.abs(Date.parse(text) - Date.now()), at).toBeLessThan(120_000);
      }
      const pattern = placeholder.startsWith('{{id') ? /^[0-9a-f-]{36}$/ : /^[\w-]+\.[\w-]+\.[\w-]+$/;
      expect(text, at).toMatch(pattern);
      if (placeholder.startsWith('{{id')) expect(text, at).toBe(known.get(placeholder) ?? text);
      known.set(placeholder, text);
    }

    /** Checks a list, in any order; it can have more rows. `result` is null in lists: only the task itself has it. */
    function checkRows(actual: unknown, recorded: readonly Record<string, unknown>[], at: string): void {
      expect(actual, at).toBeInstanceOf(Array);
      const rows = actual as Record<string, unknown>[];
      for (const { id, ...rest } of recorded) {
        const found = rows.find((row) => row['id'] === fill(id));
        check(found, { ...rest, result: null }, `${at}[${String(fill(id))}]`);
      }
    }

    function checkAnswer(answer: Answer<unknown>, status: number, recorded: unknown): void {
      expect(answer.status, JSON.stringify(answer.body)).toBe(status);
      const type = status === 204 ? null : status < 400 ? 'application/json' : 'application/problem+json';
      expect(answer.headers.get('Content-Type')).toBe(type);
      if (recorded === undefined) return expect(answer.body).toBeUndefined();
      check(answer.body, recorded, 'body');
    }

    return async ({ request, response, here }: Exchange): Promise<void> => {
      const answer = await send(request);
      if (here === undefined) return checkAnswer(answer, response.status, response.body);
      // `here.body` replaces a recorded body that was wrong. Otherwise the recorded one is expected, unless
      // `here.pointer` says what the response must name instead.
      const expected = here.body ?? (here.pointer === undefined ? response.body : {});
      checkAnswer(answer, here.status, expected);
      if (here.pointer !== undefined) {
        expect(answer.body).toMatchObject({ errors: [{ pointer: here.pointer }] });
      }
      if (here.as_recorded_without !== undefined) {
        const { [here.as_recorded_without]: _unwanted, ...rest } = request.body ?? {};
        checkAnswer(await send({ ...request, body: rest }), response.status, response.body);
      }
    };
  }
});

function isList(recorded: object): recorded is Record<string, unknown>[] {
  return Array.isArray(recorded) && recorded.every((row) => typeof row === 'object');
}

/** `{{in 600 s}}` and `{{in 600 s, +05:30}}` are the same instant, fixed when it is first used. */
function createTimes() {
  const fixed = new Map<string, number>();
  const offsetMs = 5.5 * 3_600_000;
  return {
    at(placeholder: string): string | undefined {
      const [, seconds, offset] = /^\{\{in (-?\d+) s(, \+05:30)?\}\}$/.exec(placeholder) ?? [];
      if (seconds === undefined) return undefined;
      // Whole seconds, as recorded.
      const ms = fixed.get(seconds) ?? Math.ceil(Date.now() / 1000 + Number(seconds)) * 1000;
      fixed.set(seconds, ms);
      const text = new Date(offset === undefined ? ms : ms + offsetMs).toISOString().slice(0, 19);
      return `${text}${offset === undefined ? 'Z' : '+05:30'}`;
    },
  };
}

test('all status URLs of a task return the same, with and without /api, with and without a trailing slash', async () => {
  const { alice } = callers;
  const { id } = await alice.create({ name: 'n', delay: 3600 });
  const paths = [
    `/tasks/${id}/status/`,
    `/tasks/${id}/status`,
    `/api/tasks/${id}/status/`,
    `/api/tasks/${id}/status`,
  ];
  const answers = await Promise.all(paths.map((path) => alice.call('GET', path)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  for (const { body } of answers) expect(body).toEqual(answers[0]?.body);
});

test.each(['/', ''])(
  'the WebSocket message of a completed task has status and result at its top level (/ws/tasks/:id%s)',
  async (slash) => {
    const { alice } = callers;
    const { id } = await alice.create({ name: 'watched', delay: 1 });
    const feed = await alice.watch(`/ws/tasks/${id}${slash}`);
    await feed.until('the end', ({ messages }) =>
      messages.some((message) => 'status' in message && message.status === 'COMPLETED'),
    );
    feed.socket.close();
    expect(feed.messages.at(-1)).toMatchObject({
      status: 'COMPLETED',
      result: { message: 'Data processed successfully' },
    });
  },
);
