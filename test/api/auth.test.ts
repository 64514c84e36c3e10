import { randomUUID } from 'node:crypto';
import { decodeJwt, SignJWT, UnsecuredJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { deriveKey } from '../../src/auth/keys.ts';
import { createUsers } from '../../src/auth/users.ts';
import { usersFilePath } from '../../src/auth/paths.ts';
import { type Caller, callUrl, signIn } from '../support/caller.ts';
import { waitFor } from '../support/wait-for.ts';
import { anonymously, jwtSecret, useService } from '../support/service.ts';

/** Key that the API signs tokens with. The first test here fails if test/support/service.ts uses another. */
const key = deriveKey(jwtSecret, 'tokens');

const service = useService();
let alice: Caller;
let refreshToken: string;

beforeAll(async () => {
  alice = await service.as('alice');
  const credentials = { username: service.users.alice.name, password: service.users.alice.password };
  const { body } = await anonymously<{ refresh: string }>(service, 'POST', '/api/token/', credentials);
  refreshToken = body.refresh;
});

const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

/** Creates a token of alice's that differs from a real one only in the arguments. */
function forge(
  claims: Record<string, unknown> = {},
  { alg = 'HS256', signedWith = key } = {},
): Promise<string> {
  return new SignJWT({ ...decodeJwt(alice.token), jti: randomUUID(), ...claims })
    .setProtectedHeader({ alg, typ: 'JWT' })
    .sign(signedWith);
}

const readWith = (authorization: string) =>
  anonymously(service, 'GET', '/api/tasks/', undefined, { Authorization: authorization });

test('accepts a token that is signed as the API signs it, so each token below is rejected because of its one change', async () => {
  expect((await readWith(`Bearer ${await forge()}`)).status).toBe(200);
  expect((await readWith(`bearer ${await forge({ exp: inSeconds(5) })}`)).status).toBe(200);
});

const noCredentials = 'Authentication credentials were not provided.';
const invalidToken = 'Given token not valid for any token type';

test.each<[string, () => string | Promise<string>, string]>([
  ['an empty Authorization header', () => '', noCredentials],
  [
    'another authentication scheme',
    () => `Basic ${Buffer.from('alice:alice-password-1').toString('base64')}`,
    noCredentials,
  ],
  ['a token without its scheme', () => alice.token, noCredentials],
  [
    'a scheme without a token',
    () => 'Bearer',
    'Authorization header must contain two space-delimited values',
  ],
  [
    'two tokens',
    () => `Bearer ${alice.token} ${alice.token}`,
    'Authorization header must contain two space-delimited values',
  ],
  ['a string that is not a token', () => 'Bearer x', invalidToken],
  ['a token without its signature', () => `Bearer ${alice.token.replace(/\.[^.]*$/, '.')}`, invalidToken],
  [
    'a token with another payload',
    async () => {
      const [header, , signature] = alice.token.split('.');
      const [, payload] = (await forge({ sub: randomUUID() })).split('.');
      return `Bearer ${header}.${payload}.${signature}`;
    },
    invalidToken,
  ],
  [
    'a token with alg none',
    () => `Bearer ${new UnsecuredJWT({ ...decodeJwt(alice.token) }).encode()}`,
    invalidToken,
  ],
  [
    'a token with alg none and a signature',
    async () => {
      const [header] = new UnsecuredJWT({}).encode().split('.');
      const [, payload, signature] = alice.token.split('.');
      return `Bearer ${header}.${payload}.${signature}`;
    },
    invalidToken,
  ],
  ['a token of another algorithm', async () => `Bearer ${await forge({}, { alg: 'HS512' })}`, invalidToken],
  [
    'a token signed with a wrong key',
    async () => `Bearer ${await forge({}, { signedWith: new Uint8Array(32).fill(7) })}`,
    invalidToken,
  ],
  [
    'a token signed with the key for tickets',
    async () => {
      const signedWith = deriveKey(jwtSecret, 'tickets');
      return `Bearer ${await forge({}, { signedWith })}`;
    },
    invalidToken,
  ],
  [
    'a token for another audience',
    async () => `Bearer ${await forge({ aud: 'taskbell-ticket' })}`,
    invalidToken,
  ],
  ['a token of another issuer', async () => `Bearer ${await forge({ iss: 'another' })}`, invalidToken],
  ['an expired token', async () => `Bearer ${await forge({ exp: inSeconds(-1) })}`, invalidToken],
  ['a token without an expiry', async () => `Bearer ${await forge({ exp: undefined })}`, invalidToken],
  [
    'a token that is not yet valid',
    async () => `Bearer ${await forge({ nbf: inSeconds(60) })}`,
    invalidToken,
  ],
  [
    'a token of an account that does not exist',
    async () => `Bearer ${await forge({ sub: randomUUID() })}`,
    invalidToken,
  ],
  [
    'a token of another generation of the account',
    async () => `Bearer ${await forge({ gen: 99 })}`,
    invalidToken,
  ],
  ['a refresh token', () => `Bearer ${refreshToken}`, invalidToken],
  [
    'a WebSocket ticket',
    async () => {
      const { body } = await alice.call('POST', '/api/ws-ticket/');
      return `Bearer ${String(body['ticket'])}`;
    },
    invalidToken,
  ],
  ['a very long token', async () => `Bearer ${await forge({ more: 'x'.repeat(5000) })}`, invalidToken],
])('rejects %s with 401', async (_what, header, detail) => {
  const answer = await readWith(await header());
  expect(answer).toMatchObject({
    status: 401,
    body: {
      status: 401,
      title: 'Unauthorized',
      detail,
      code: expect.stringMatching(/^(not_authenticated|token_not_valid)$/),
    },
  });
  expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer realm="api"');
  expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
});

test('every route documented to need a token rejects requests without one, with and without trailing slash, before any other check', async () => {
  type Document = { paths: Record<string, Record<string, { security?: unknown[] }>> };
  const { body } = await anonymously<Document>(service, 'GET', '/openapi.json');
  const routes = Object.entries(body.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { security }]) => ({
      path,
      method: method.toUpperCase(),
      security,
    })),
  );
  const isOpen = ({ security }: { security: unknown[] | undefined }) => (security ?? []).length === 0;
  const open = routes.filter(isOpen).map(({ path }) => path);
  expect(open.toSorted()).toEqual([
    '/api/session',
    '/api/token',
    '/api/token/blacklist',
    '/api/token/refresh',
    '/healthz',
    '/readyz',
  ]);
  const closed = routes.filter((route) => !isOpen(route));
  expect(closed.length).toBeGreaterThan(12);
  for (const { path, method } of closed) {
    const address = path.replaceAll(/\{\w+\}/g, randomUUID());
    for (const slash of ['', '/']) {
      const body = ['POST', 'PUT', 'PATCH'].includes(method) ? { nonsense: true } : undefined;
      const answer = await anonymously(service, method, address + slash, body);
      expect(answer, `${method} ${address}${slash}`).toMatchObject({
        status: 401,
        body: { detail: noCredentials },
      });
      expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer realm="api"');
    }
  }
});

describe('sign-in', () => {
  test('answers an unknown user and a wrong password alike', async () => {
    const [unknown, wrong] = await Promise.all(
      ['unknown', service.users.alice.name].map((username) =>
        anonymously(service, 'POST', '/api/token/', { username, password: 'not-the-password' }),
      ),
    );
    expect(unknown).toMatchObject({ status: 401, body: { code: 'no_active_account' } });
    const withoutId = (body: Record<string, unknown> = {}) => ({ ...body, request_id: '' });
    expect(withoutId(unknown?.body)).toEqual(withoutId(wrong?.body));
  });

  test.each([
    ['a missing field', { username: 'alice' }, '/password'],
    ['a blank field', { username: '', password: 'x' }, '/username'],
    ['a field of the wrong type', { username: ['alice'], password: 'x' }, '/username'],
    ['an enormous password', { username: 'alice', password: 'x'.repeat(2000) }, '/password'],
    ['a null character', { username: 'alice\u0000', password: 'x' }, '/username'],
  ])('with %s is 400 and names the field', async (_what, body, pointer) => {
    const answer = await anonymously(service, 'POST', '/api/token/', body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'validation', errors: [{ pointer }] } });
  });

  test('issues a refresh token that gives working access tokens until it expires; an access token gives none', async () => {
    const refresh = (token: string) =>
      anonymously<{ access: string }>(service, 'POST', '/api/token/refresh/', { refresh: token });
    const { status, body } = await refresh(refreshToken);
    expect(status).toBe(200);
    expect((await readWith(`Bearer ${body.access}`)).status).toBe(200);
    expect(await refresh(alice.token)).toMatchObject({ status: 401, body: { code: 'token_not_valid' } });
    expect((await refresh(await forge({ token_type: 'refresh', exp: inSeconds(-1) }))).status).toBe(401);
  });
});

describe('POST /api/token/blacklist/', () => {
  type Pair = { access: string; refresh: string };

  async function issuePair(): Promise<Pair> {
    const credentials = { username: service.users.alice.name, password: service.users.alice.password };
    return (await anonymously<Pair>(service, 'POST', '/api/token/', credentials)).body;
  }
  const end = (refresh?: unknown) => anonymously(service, 'POST', '/api/token/blacklist/', { refresh });
  const refreshAt = (url: string, refresh: string) =>
    callUrl<{ access: string }>(`${url}/api/token/refresh/`, 'POST', { refresh });
  const readAt = async (url: string, access: string) =>
    (await callUrl(`${url}/api/tasks/`, 'GET', undefined, { Authorization: `Bearer ${access}` })).status;

  test('ends a refresh token with its access tokens, in the other API process within 2 s, and no other token', async () => {
    const { url, secondUrl = '' } = service;
    const [pair, kept] = [await issuePair(), await issuePair()];
    const { access: exchanged } = (await refreshAt(secondUrl, pair.refresh)).body;
    for (const access of [pair.access, exchanged, kept.access]) expect(await readAt(url, access)).toBe(200);

    const answer = await end(pair.refresh);
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.body).toEqual({});
    const isRejectedThere = async () => (await readAt(secondUrl, exchanged)) === 401;
    await waitFor('the end in the other API process', isRejectedThere, 2000);
    for (const process of [url, secondUrl]) {
      expect(await refreshAt(process, pair.refresh)).toMatchObject({
        status: 401,
        body: { code: 'token_not_valid', detail: 'Token is invalid' },
      });
      expect(await readAt(process, pair.access)).toBe(401);
      expect(await readAt(process, exchanged)).toBe(401);
      expect(await readAt(process, kept.access)).toBe(200);
      expect((await refreshAt(process, kept.refresh)).status).toBe(200);
    }
    expect(await end(pair.refresh)).toMatchObject({ status: 401, body: { code: 'token_not_valid' } });
    expect((await end(kept.refresh)).status).toBe(200);
  });

  test('takes effect at once in the process that is asked', async () => {
    const pair = await issuePair();
    expect((await end(pair.refresh)).status).toBe(200);
    expect(await readAt(service.url, pair.access)).toBe(401);
    expect((await refreshAt(service.url, pair.refresh)).status).toBe(401);
  });

  test('accepts a forged refresh token, so each one below is rejected because of its one change', async () => {
    expect((await end(await forge({ token_type: 'refresh' }))).status).toBe(200);
  });

  test.each<[string, () => string | Promise<string>]>([
    ['a string that is not a token', () => 'x'],
    ['an access token', () => alice.token],
    ['an expired refresh token', () => forge({ token_type: 'refresh', exp: inSeconds(-1) })],
    [
      'a refresh token signed with a wrong key',
      () => forge({ token_type: 'refresh' }, { signedWith: new Uint8Array(32).fill(7) }),
    ],
  ])('answers %s with 401, as POST /api/token/refresh/ does', async (_what, token) => {
    const refresh = await token();
    const body = { code: 'token_not_valid', detail: 'Token is invalid' };
    expect(await end(refresh)).toMatchObject({ status: 401, body });
    expect(await refreshAt(service.url, refresh)).toMatchObject({ status: 401, body });
    expect((await readWith(`Bearer ${alice.token}`)).status).toBe(200);
  });

  test.each([
    ['no token', undefined],
    ['a blank one', ''],
    ['one of another type', ['x']],
  ])('answers %s with 400 and names the field', async (_what, refresh) => {
    const body = { code: 'validation', errors: [{ pointer: '/refresh' }] };
    expect(await end(refresh)).toMatchObject({ status: 400, body });
  });
});

describe('a token is rejected within 5 s of', () => {
  const users = () => createUsers({ path: usersFilePath(service.home) });
  const password = 'a-password-of-carol';

  test.each<[string, 'user' | 'admin', (name: string) => Promise<void>]>([
    ['the removal of its user', 'user', async (name) => void (await users().remove(name))],
    ['a change of the password', 'user', (name) => users().changePassword(name, 'another-password')],
    ['the demotion of its user from admin', 'admin', (name) => users().changeRole(name, 'user')],
  ])('%s, and so is its refresh token', async (_what, role, change) => {
    const name = `carol-${randomUUID()}`;
    await users().add(name, password, role);
    const carol = await signIn(service.url, name, password);
    const credentials = { username: name, password };
    const { body } = await anonymously<{ refresh: string }>(service, 'POST', '/api/token/', credentials);
    expect((await carol.call('GET', '/api/tasks/')).status).toBe(200);
    await change(name);
    const isRejected = async () => (await carol.call('GET', '/api/tasks/')).status === 401;
    await waitFor('the rejection of the token', isRejected, 5000);
    const refreshed = await anonymously(service, 'POST', '/api/token/refresh/', { refresh: body.refresh });
    expect(refreshed).toMatchObject({ status: 401, body: { code: 'token_not_valid' } });
  });

  test('the removal of its user, even if a new user gets the same name; the new user cannot see the tasks of the removed one', async () => {
    const name = `carol-${randomUUID()}`;
    await users().add(name, password, 'user');
    const carol = await signIn(service.url, name, password);
    const { id } = await carol.create({ name: "the first carol's", delay: 3600 });
    await users().remove(name);
    await users().add(name, password, 'user');
    const second = await signIn(service.url, name, password);
    expect((await second.call('GET', `/api/tasks/${id}/`)).status).toBe(404);
    const isRejected = async () => (await carol.call('GET', '/api/tasks/')).status === 401;
    await waitFor('the rejection of the first token', isRejected, 5000);
  });
});
