/** Guesses of passwords are slowed down, and other sign-ins are not. */
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Answer, callUrl } from '../support/caller.ts';
import { useService } from '../support/service.ts';

// Not the shared service: failures count against the address that all tests of a service have.
const service = useService({ workers: 0 });
/** URL of the same service behind a proxy, so that a test can use any client address. */
let behindProxy: string;

beforeAll(async () => {
  ({ url: behindProxy = '' } = await service.startApi({ TASKBELL_TRUSTED_PROXIES: '127.0.0.1' }));
});

let lastAddress = 0;
const newAddress = (): string => `203.0.113.${(lastAddress += 1)}`;

interface Attempt {
  readonly path?: string;
  readonly username?: string;
  readonly password?: string;
  readonly address: string;
  readonly url?: string;
}

function attempt({
  path = '/api/token/',
  username = service.users.alice.name,
  password = 'a-wrong-guess',
  address,
  url = behindProxy,
}: Attempt): Promise<Answer<Record<string, unknown>>> {
  return callUrl(`${url}${path}`, 'POST', { username, password }, { 'X-Forwarded-For': address });
}

async function guess(times: number, who: Attempt): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < times; i += 1) statuses.push((await attempt(who)).status);
  return statuses;
}

const right = 'alice-password-1';
const fiveRejected = [401, 401, 401, 401, 401];

describe.each(['/api/token/', '/api/session/'])('%s', (path) => {
  test('rejects even the right password from an address after five failures; Retry-After has the time to wait', async () => {
    const address = newAddress();
    expect(await guess(5, { path, address })).toEqual(fiveRejected);
    const rejected = await attempt({ path, address, password: right });
    expect(rejected).toMatchObject({ status: 429, body: { code: 'too_many_requests', status: 429 } });
    const seconds = Number(rejected.headers.get('Retry-After'));
    expect(seconds).toBeGreaterThan(20);
    expect(seconds).toBeLessThanOrEqual(30);
    expect(rejected.headers.get('Set-Cookie')).toBeNull();
    // Other addresses, and other users from the same address, are not affected.
    expect((await attempt({ path, address: newAddress(), password: right })).status).toBe(200);
    const bob = { username: service.users.bob.name, password: service.users.bob.password };
    expect((await attempt({ path, address, ...bob })).status).toBe(200);
  });

  test('answers guesses for an unknown name exactly as for a known one', async () => {
    const answers = await Promise.all(
      [service.users.alice.name, `unknown-${randomUUID()}`].map(async (username) => {
        const address = newAddress();
        const statuses = await guess(5, { path, username, address });
        const { status, body, headers } = await attempt({ path, username, address });
        const content = { ...body, request_id: '' };
        return { statuses, status, content, waits: Number(headers.get('Retry-After')) >= 25 };
      }),
    );
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]?.statuses).toEqual(fiveRejected);
  });
});

test('/api/token/ and /api/session/ share the count of failures', async () => {
  const address = newAddress();
  await guess(3, { path: '/api/token/', address });
  await guess(2, { path: '/api/session/', address });
  expect((await attempt({ address, password: right })).status).toBe(429);
});

test('of 40 concurrent guesses, five are checked and the others are 429', async () => {
  const address = newAddress();
  const answers = await Promise.all(Array.from({ length: 40 }, () => attempt({ address })));
  const count = (status: number): number => answers.filter((answer) => answer.status === status).length;
  expect([count(401), count(429)]).toEqual([5, 35]);
});

test('an address that tries many names is rejected after sixty failures', async () => {
  const address = newAddress();
  for (let i = 0; i < 60; i += 1) {
    expect((await attempt({ username: `name-${i}`, address })).status).toBe(401);
  }
  const rejected = await attempt({ password: right, address });
  expect(rejected.status).toBe(429);
  expect(Number(rejected.headers.get('Retry-After'))).toBeGreaterThan(500);
  expect((await attempt({ password: right, address: newAddress() })).status).toBe(200);
});

test('correct sign-ins are not slowed down, however many, nor by a few failures in between', async () => {
  const address = newAddress();
  for (let i = 0; i < 3; i += 1) {
    expect(await guess(4, { address })).toEqual([401, 401, 401, 401]);
    expect((await attempt({ address, password: right })).status).toBe(200);
  }
  const many = await Promise.all(Array.from({ length: 60 }, () => attempt({ address, password: right })));
  expect(many.every(({ status }) => status === 200)).toBe(true);
});

test('X-Forwarded-For is ignored from a client that is not a trusted proxy', async () => {
  const who = { url: service.url, username: service.users.root.name };
  for (let i = 0; i < 5; i += 1) await attempt({ ...who, address: newAddress() });
  expect(
    (await attempt({ ...who, address: newAddress(), password: service.users.root.password })).status,
  ).toBe(429);
});
