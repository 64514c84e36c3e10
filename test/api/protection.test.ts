/** Protection of callers from each other, and of responses from pages of other sites. */
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { BulkResult } from '../../src/contract/bulk.ts';
import type { Caller } from '../support/caller.ts';
import { waitFor } from '../support/wait-for.ts';
import { hasEnded } from '../support/task.ts';
import { anonymously, useService } from '../support/service.ts';

const hour = 3600;
const friend = 'https://friend.example';

const service = useService({
  environment: {
    TASKBELL_RATE_LIMIT: '60',
    TASKBELL_MAX_OPEN_TASKS: '4',
    TASKBELL_MAX_STORED_MB: '1',
    TASKBELL_MAX_TIME_LIMIT: '3600',
    TASKBELL_CORS_ORIGINS: `${friend}, http://localhost:5173`,
  },
});

describe('the rate limit', () => {
  test('allows an account the requests of a minute at once, reports how many are left, and then answers 429', async () => {
    const eager = await service.asNewUser();
    // Answered without Temporal: while sixty lists are read, a request becomes free.
    const ask = () => eager.call('GET', '/api/task-types/');
    const first = await ask();
    const answers = await Promise.all(Array.from({ length: 90 }, ask));
    expect(first.headers.get('RateLimit-Policy')).toBe('"default";q=60;w=60');
    expect(first.headers.get('RateLimit')).toMatch(/^"default";r=59;t=1$/);
    const rejected = answers.filter(({ status }) => status === 429);
    // One request a second becomes free in the meantime. The limit is the same for sockets.
    await expect(eager.watch('/ws/tasks/')).rejects.toMatchObject({ status: 429 });
    expect(rejected.length).toBeGreaterThanOrEqual(1);
    expect(rejected.at(-1)).toMatchObject({ body: { code: 'too_many_requests' } });
    expect(Number(rejected.at(-1)?.headers.get('Retry-After'))).toBeGreaterThanOrEqual(1);
    expect(rejected.at(-1)?.headers.get('RateLimit')).toMatch(/^"default";r=0;t=\d+$/);
    // Other accounts are not held up, and the rejection does not last.
    const other = await service.asNewUser();
    expect((await other.call('GET', '/api/task-types/')).status).toBe(200);
    await waitFor(
      'an accepted request',
      async () => (await eager.call('GET', '/api/task-types/')).status === 200,
    );
  });
});

/** Returns how many requests the response says are left. */
const left = ({ headers }: { headers: Headers }): number =>
  Number(/r=(\d+)/.exec(headers.get('RateLimit') ?? '')?.[1]);

describe('the rate limit of a request that makes many calls to Temporal', () => {
  test('counts every ten calls as one request, also if it is rejected in the end', async () => {
    const user = await service.asNewUser();
    const after = (count: number) => Array.from({ length: count }, () => randomUUID());
    const create = (count: number) =>
      user.call('POST', '/api/tasks/', { name: 'n', delay: hour, after: after(count) });
    expect(left(await create(5))).toBe(59);
    const since = performance.now();
    for (let i = 0; i < 4; i += 1) await create(20);
    const costly = await create(20);
    expect(costly.status).toBe(400);
    // Five that count as two each. A request becomes free every second.
    const freed = Math.ceil((performance.now() - since) / 1000);
    expect(left(costly)).toBeGreaterThanOrEqual(49);
    expect(left(costly)).toBeLessThanOrEqual(49 + freed);
  });
});

test('the overview, which all its readers share, counts as one request', async () => {
  const user = await service.asNewUser();
  const overview = await user.call('GET', '/api/overview/');
  expect(overview.status).toBe(200);
  expect(left(overview)).toBe(59);
});

describe('the rate limit of bulk requests', () => {
  const bulk = (user: Caller, count: number) => {
    const tasks = Array.from({ length: count }, () => ({ name: '' }));
    return user.call('POST', '/api/tasks/bulk/', { tasks });
  };

  test('counts ten of their tasks as one request, whether they are created or acted on', async () => {
    const user = await service.asNewUser();
    // A request becomes free every second.
    expect(left(await bulk(user, 10))).toBe(59);
    expect(left(await bulk(user, 101))).toBeOneOf([48, 49, 50]);
    const ids = Array.from({ length: 95 }, () => randomUUID());
    const acted = await user.call('POST', '/api/tasks/actions/', { action: 'cancel', ids });
    expect(acted.status).toBe(207);
    expect(left(acted)).toBeOneOf([38, 39, 40, 41, 42]);
  });

  test('counts ten of the predecessors that its tasks name as one more', async () => {
    const user = await service.asNewUser();
    const after = Array.from({ length: 20 }, () => randomUUID());
    const tasks = Array.from({ length: 10 }, () => ({ name: 'n', delay: hour, after }));
    const answer = await user.call('POST', '/api/tasks/bulk/', { tasks });
    expect(answer.status).toBe(207);
    expect(left(answer)).toBeOneOf([39, 40]);
  });

  test('rejects one that needs more than is left before any task is begun, and says when to send it again', async () => {
    const user = await service.asNewUser();
    await bulk(user, 300);
    const tasks = Array.from({ length: 500 }, () => ({ name: 'n', delay: hour }));
    const rejected = await user.call('POST', '/api/tasks/bulk/', { tasks });
    expect(rejected).toMatchObject({ status: 429, body: { code: 'too_many_requests' } });
    const seconds = Number(rejected.headers.get('Retry-After'));
    expect(seconds).toBeGreaterThan(12);
    expect(seconds).toBeLessThanOrEqual(21);
    const { body } = await user.call('GET', '/api/tasks/counts/');
    expect(body['total']).toBe(0);
  });

  test('counts one for at most the requests of a minute', async () => {
    const answer = await bulk(await service.asNewUser(), 1000);
    expect(answer.status).toBe(207);
    expect(left(answer)).toBeLessThan(3);
  });
});

describe('the quota of unfinished tasks', () => {
  test('rejects further tasks with 429, in a bulk request one by one, and accepts new ones once others have ended', async () => {
    const user = await service.asNewUser();
    const tasks = Array.from({ length: 6 }, (_, index) => ({ name: `${index}`, delay: hour }));
    const { body } = await user.call<{ results: BulkResult[] }>('POST', '/api/tasks/bulk/', { tasks });
    const made = body.results.flatMap((one) => ('task' in one ? one.task.id : []));
    expect(made).toHaveLength(4);
    const rejection = { status: 429, code: 'too_many_tasks' };
    expect(body.results.filter(({ status }) => status === 429)).toMatchObject([rejection, rejection]);
    const again = await user.call('POST', '/api/tasks/', { name: 'n', delay: hour });
    expect(again).toMatchObject({ status: 429, body: { code: 'too_many_tasks' } });
    expect(again.headers.get('Retry-After')).toBe('60');
    await user.call('DELETE', `/api/tasks/${made[0]}/`);
    const create = async () => (await user.call('POST', '/api/tasks/', { name: 'n', delay: hour })).status;
    await expect.poll(create, { timeout: 20_000, interval: 1500 }).toBe(201);
  });
});

test('what an account stores by creations, retries and edits is limited; it can still read, cancel and delete', async () => {
  const user = await service.asNewUser();
  const large = (letter: string) => ({ rows: [{ text: letter.repeat(240_000) }] });
  const { id } = await user.create({ name: 'large', delay: hour, payload: large('a') });
  const edit = (payload: unknown) => user.call('PATCH', `/api/tasks/${id}/`, { payload });
  expect((await edit(large('b'))).status).toBe(200);
  await user.call('POST', `/api/tasks/${id}/cancel/`);
  await user.until(id, 'its end', hasEnded);
  // The new run has the payload of the ended one.
  // With a key: two retries within a second are otherwise one.
  const retry = () =>
    user.call('POST', `/api/tasks/${id}/retry/`, undefined, { 'Idempotency-Key': randomUUID() });
  expect((await retry()).status).toBe(200);
  expect((await edit(large('c'))).status).toBe(200);
  const rejected = { status: 429, body: { code: 'too_much_data' } };
  const again = await user.call('POST', '/api/tasks/', { name: 'large', delay: hour, payload: large('d') });
  expect(again).toMatchObject(rejected);
  expect(Number(again.headers.get('Retry-After'))).toBeGreaterThan(hour);
  expect(await edit(large('e'))).toMatchObject(rejected);
  expect((await user.read(id)).payload).toEqual(large('c'));
  // Others have their own allowance, and what is small still has room.
  const small = { name: 'small', delay: hour, payload: { rows: [] } };
  expect((await user.call('POST', '/api/tasks/', small)).status).toBe(201);
  const other = await service.asNewUser();
  expect((await other.call('POST', '/api/tasks/', { ...small, payload: large('f') })).status).toBe(201);
  await user.call('POST', `/api/tasks/${id}/cancel/`);
  await user.until(id, 'its end', hasEnded);
  expect(await retry()).toMatchObject(rejected);
  expect((await user.call('DELETE', `/api/tasks/${id}/`)).status).toBe(204);
});

test('a time limit above the maximum of the service is 400, on creation and in an edit', async () => {
  const alice = await service.asNewUser();
  const limit = (time_limit: number) => ({ name: 'long', delay: hour, time_limit, soft_time_limit: 60 });
  const rejected = {
    status: 400,
    body: { errors: [{ pointer: '/time_limit', message: expect.stringContaining('at most 3600 s') }] },
  };
  expect(await alice.call('POST', '/api/tasks/', limit(3601))).toMatchObject(rejected);
  const { id } = await alice.create(limit(3600));
  expect(await alice.call('PATCH', `/api/tasks/${id}/`, { time_limit: 3601 })).toMatchObject(rejected);
  expect(await alice.call('PATCH', `/api/tasks/${id}/`, { time_limit: 1800 })).toMatchObject({ status: 200 });
});

describe('in a browser', () => {
  async function ask(origin: string, method = 'GET', headers: Record<string, string> = {}): Promise<Headers> {
    const response = await fetch(`${service.url}/api/task-types/`, {
      method,
      headers: { Origin: origin, ...headers },
    });
    return response.headers;
  }

  test('pages of configured origins may read responses and send preflight requests; others may not', async () => {
    const asked = {
      'Access-Control-Request-Method': 'PATCH',
      'Access-Control-Request-Headers': 'authorization',
    };
    const allowed = await ask(friend, 'OPTIONS', asked);
    expect(allowed.get('Access-Control-Allow-Origin')).toBe(friend);
    expect(allowed.get('Access-Control-Allow-Methods')).toContain('PATCH');
    expect(allowed.get('Access-Control-Allow-Headers')).toContain('Authorization');
    expect(allowed.get('Access-Control-Allow-Credentials')).toBeNull();
    // On errors too, or the page could not read their reason.
    const rejected = await ask('http://localhost:5173');
    expect(rejected.get('Access-Control-Allow-Origin')).toBe('http://localhost:5173');
    for (const stranger of ['https://evil.example', 'https://friend.example.evil.example', 'null']) {
      expect((await ask(stranger, 'OPTIONS', asked)).get('Access-Control-Allow-Origin')).toBeNull();
      expect((await ask(stranger)).get('Access-Control-Allow-Origin')).toBeNull();
    }
  });

  test.each(['/api/task-types/', '/healthz', '/openapi.json', '/nowhere'])(
    'a response of %s cannot run or load anything, or be framed',
    async (path) => {
      const { headers } = await anonymously(service, 'GET', path);
      expect(headers.get('Content-Security-Policy')).toBe(
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
      );
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
      expect(headers.get('X-Frame-Options')).toBe('DENY');
      expect(headers.get('Referrer-Policy')).toBe('no-referrer');
      expect(headers.get('X-Powered-By')).toBeNull();
    },
  );
});

describe('by default', () => {
  const plain = useService();
  let alice: Caller;
  beforeAll(async () => {
    alice = await plain.as('alice');
  });

  test('pages of other origins may not read anything', async () => {
    const response = await fetch(`${plain.url}/healthz`, { headers: { Origin: friend } });
    expect(response.headers.get('Access-Control-Allow-Origin')).toBeNull();
    expect(response.headers.get('Cross-Origin-Resource-Policy')).toBe('same-origin');
  });

  test('the rate limit is 6000 requests a minute', async () => {
    const { headers } = await alice.call('GET', '/api/task-types/');
    expect(headers.get('RateLimit-Policy')).toBe('"default";q=6000;w=60');
  });
});
