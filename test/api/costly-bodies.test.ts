/** Bodies that are made to be expensive, sent to an API with as little memory as docker-compose.yml gives it. */
import { beforeAll, describe, expect, test } from 'vitest';
import { type Caller, createCaller } from '../support/caller.ts';
import { anonymously, useService } from '../support/service.ts';

const service = useService();
let url: string;
let alice: Caller;

beforeAll(async () => {
  const api = await service.startApi({ NODE_OPTIONS: '--max-old-space-size=512' });
  url = api.url ?? '';
  alice = createCaller(url, (await service.as('alice')).token);
});

interface BulkResults {
  readonly results: readonly { readonly status: number }[];
}

interface Outcome {
  readonly status: number;
  readonly detail: string;
  /** The slowest answer of the process to others meanwhile, in milliseconds. */
  readonly slowestMs: number;
}

/** Sends bodies one after the other, and asks for something cheap all the while. */
async function send(path: string, bodies: readonly string[], token?: string): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const body of bodies) {
    let done = false;
    const asking = slowest(() => done);
    const sent = fetch(`${url}${path}`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      },
      body,
    }).then(async (response) => {
      const { detail = '' } = (await response.json()) as { detail?: string };
      return { status: response.status, detail };
    });
    const [outcome, slowestMs] = await Promise.all([sent.finally(() => (done = true)), asking]);
    outcomes.push({ ...outcome, slowestMs });
  }
  return outcomes;
}

async function slowest(isOver: () => boolean): Promise<number> {
  let ms = 0;
  do {
    const startedAt = performance.now();
    expect((await anonymously({ url }, 'GET', '/healthz')).status).toBe(200);
    ms = Math.max(ms, performance.now() - startedAt);
  } while (!isOver());
  return ms;
}

/** Returns text of about this many megabytes: `begin`, then items, then `end`. */
function megabytes(size: number, begin: string, item: (index: number) => string, end: string): string {
  const items: string[] = [];
  for (let length = 0, index = 0; length < size * 1e6; index += 1) {
    const next = item(index);
    items.push(next);
    length += next.length + 1;
  }
  return `${begin}${items.join(',')}${end}`;
}

/** Answers take milliseconds on an idle machine; this says only that nothing blocks the process for seconds. */
const generousMs = 3000;

describe('a body of many megabytes blocks no one else, and the process survives it', () => {
  test.each<[string, RegExp, (size: number) => string]>([
    ['one of numbers', /200000 values/, (size) => megabytes(size, '{"tasks":[[', () => '1', ']]}')],
    ['one of empty objects', /200000 values/, (size) => megabytes(size, '{"tasks":[', () => '{}', ']}')],
    ['one of open brackets', /100 levels/, (size) => `{"tasks":${'['.repeat(size * 1e6)}`],
    [
      'one of members',
      /20000 different keys/,
      (size) => megabytes(size, '{"tasks":[{', (index) => `"k${index}":1`, '}]}'),
    ],
    [
      'one of objects with keys of their own',
      /20000 different keys/,
      (size) => megabytes(size, '{"tasks":[', (index) => `{"k${index}":1}`, ']}'),
    ],
    [
      'one of long numbers',
      /200000 values/,
      (size) => megabytes(size, '{"tasks":[[', () => '1.00000000000000000000', ']]}'),
    ],
  ])('%s', async (_what, reason, make) => {
    for (const outcome of await send('/api/tasks/bulk/', [4, 16].map(make), alice.token)) {
      expect(outcome.status).toBeOneOf([400, 413]);
      expect(outcome.detail).toMatch(reason);
      expect(outcome.slowestMs).toBeLessThan(generousMs);
    }
  });

  test('one of a single long text is rejected for its item alone', async () => {
    const [outcome] = await send(
      '/api/tasks/bulk/',
      [`{"tasks":[{"name":"${'é'.repeat(7.5e6)}","delay":1},{"name":"n","delay":3600}]}`],
      alice.token,
    );
    expect(outcome).toMatchObject({ status: 207 });
    expect(outcome?.slowestMs).toBeLessThan(generousMs);
  });

  test('one of valid tasks is accepted', async () => {
    const user = createCaller(url, (await service.asNewUser()).token);
    const rows = Array.from({ length: 300 }, (_, index) => ({
      region: `region ${index}`,
      amount: index / 7,
    }));
    const payload = { rows, note: 'x'.repeat(120_000) };
    const tasks = Array.from({ length: 100 }, () => ({ name: 'n', delay: 3600, type: 'echo', payload }));
    const answer = await user.call<BulkResults>('POST', '/api/tasks/bulk/', { tasks });
    expect(new Set(answer.body.results.map((one) => one.status))).toEqual(new Set([201]));
  });
});

test('a payload of the maximum size can have as many values as fit into it', async () => {
  const payload = { list: Array.from({ length: 131_000 }, () => 1) };
  const answer = await alice.call('POST', '/api/tasks/', { name: 'n', delay: 3600, type: 'echo', payload });
  expect(answer.status).toBe(201);
});

describe('anyone can send 8 KiB and no more', () => {
  test.each([
    '/api/token/',
    '/api/token/refresh/',
    '/api/token/blacklist/',
    '/api/session/',
    '/api/no-such-address/',
  ])('to %s', async (path) => {
    const size = (bytes: number) => `{"username":"${'x'.repeat(bytes - 15)}"}`;
    const [allowed, refused] = await send(path, [size(8192), size(8193)]);
    expect(allowed?.status).toBeOneOf([400, 401, 404]);
    expect(refused).toMatchObject({ status: 413, detail: 'The request body is larger than 8192 bytes.' });
  });
});
