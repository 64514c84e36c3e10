/** Tokens of an identity provider, with keys that a real server publishes. */
import { exportSPKI, importJWK, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCaller, openFeed } from '../support/caller.ts';
import { createIdentityProvider } from '../../src/auth/identity-provider.ts';
import { waitFor } from '../support/wait-for.ts';
import { openEvents } from '../support/event-stream.ts';
import {
  audience,
  issuer,
  newKey,
  type SigningKey,
  startProvider,
  type TestProvider,
  tokenOf,
} from '../support/identity-provider.ts';
import { useBrowser } from '../support/browser.ts';
import { anonymously, useService } from '../support/service.ts';

const farAway = { name: 'far away', delay: 86_400 };

let provider: TestProvider;
let rsa: SigningKey;

function settings(jwksUrl: string): Record<string, string> {
  return { TASKBELL_JWKS_URL: jwksUrl, TASKBELL_JWT_ISSUER: issuer, TASKBELL_JWT_AUDIENCE: audience };
}

beforeAll(async () => {
  [provider, rsa] = await Promise.all([startProvider(), newKey('RS256', 'rsa-1')]);
  provider.publish(rsa);
});
// Started after the provider, and stopped before it.
const service = useService(() => ({ workers: 0, environment: settings(provider.jwksUrl) }));

const browser = useBrowser();

afterAll(() => provider.close());

const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;
const callerOf = async (claims: Record<string, unknown> = {}, key = rsa) =>
  createCaller(service.url, await tokenOf(key, claims));
const list = (token: string, url = service.url) => createCaller(url, token).call('GET', '/api/tasks/');

describe('the log', () => {
  test('has the reason why a token is not valid, once a minute for each', async () => {
    const reasons: string[] = [];
    const options = { jwksUrl: provider.jwksUrl, issuer, audience };
    const { verifyAccess } = createIdentityProvider(options, (reason) => reasons.push(reason));
    const faults = [{ aud: 'another' }, { iss: 'another' }, { exp: inSeconds(-60) }, { aud: 'another' }];
    for (const claims of faults)
      await expect(verifyAccess(await tokenOf(rsa, claims))).rejects.toMatchObject({
        code: 'token_not_valid',
      });
    expect(reasons).toEqual([
      expect.stringContaining('"aud"'),
      expect.stringContaining('"iss"'),
      expect.stringContaining('"exp"'),
    ]);
  });
});

describe('a token of the provider', () => {
  test('identifies the owner of tasks by its subject alone, not by its name', async () => {
    const first = await callerOf({ sub: 'ann', preferred_username: 'same name' });
    const { id, owner } = await first.create(farAway);
    expect(owner).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const again = await callerOf({ sub: 'ann', preferred_username: 'another name', exp: inSeconds(60) });
    expect((await again.read(id)).owner).toBe(owner);
    const namesake = await callerOf({ sub: 'ben', preferred_username: 'same name' });
    expect((await namesake.call('GET', `/api/tasks/${id}/`)).status).toBe(404);
  });

  test('makes its user an admin only by the role taskbell-admin', async () => {
    const { id } = await (await callerOf({ sub: 'carl' })).create(farAway);
    const statusFor = async (roles: unknown) => {
      const caller = await callerOf({ sub: 'dora', roles });
      return (await caller.call('GET', `/api/tasks/${id}/`)).status;
    };
    expect(await statusFor(['other', 'taskbell-admin'])).toBe(200);
    for (const roles of [
      undefined,
      [],
      ['admin'],
      'taskbell-admin',
      ['TASKBELL-ADMIN'],
      { 0: 'taskbell-admin' },
    ]) {
      expect(await statusFor(roles), JSON.stringify(roles)).toBe(404);
    }
  });

  test('opens a socket, a socket by ticket and an event stream, which end when it expires', async () => {
    const caller = await callerOf({ sub: 'ella' });
    const { id } = await caller.create(farAway);
    // Valid for five seconds past its expiry, since clocks differ.
    const brief = await callerOf({ sub: 'ella', exp: inSeconds(-2) });
    const { body } = await brief.call<{ ticket: string }>('POST', '/api/ws-ticket/');
    const url = `${service.url.replace('http', 'ws')}/ws/tasks/${id}/?ticket=${body.ticket}`;
    const feeds = await Promise.all([brief.watch(`/ws/tasks/${id}/`), openFeed(url)]);
    const stream = await openEvents(service, id, { Authorization: `Bearer ${brief.token}` });
    const codes = () => [...feeds.map(({ closed }) => closed.code), stream.end.code];
    await waitFor(
      'the ends of the sockets and the stream',
      () => codes().every((code) => code !== undefined),
      10_000,
    );
    expect(codes()).toEqual([4401, 4401, 4401]);
    expect((await list(brief.token)).status).toBe(401);
    expect((await list(caller.token)).status).toBe(200);
  });
});

describe('a bearer token is rejected with 401:', () => {
  const unsecured = (claims = {}) =>
    new UnsecuredJWT({ iss: issuer, aud: audience, sub: 'user-1', exp: inSeconds(300), ...claims }).encode();

  test.each<[string, () => string | Promise<string>]>([
    ['alg none', () => unsecured()],
    [
      'alg none with the signature of a valid token',
      async () => `${unsecured()}${(await tokenOf(rsa)).split('.')[2]}`,
    ],
    [
      'HS256 with the public key as its secret (PEM)',
      async () => {
        const pem = await exportSPKI(
          (await importJWK({ ...rsa.published, ext: true })) as Parameters<typeof exportSPKI>[0],
        );
        return tokenOf({ alg: 'HS256', kid: rsa.kid, privateKey: new TextEncoder().encode(pem) });
      },
    ],
    [
      'HS256 with the public key as its secret (JWK)',
      () => {
        const privateKey = new TextEncoder().encode(JSON.stringify(rsa.published));
        return tokenOf({ alg: 'HS256', kid: rsa.kid, privateKey });
      },
    ],
    ['the signature of another key with the same id', async () => tokenOf(await newKey('RS256', rsa.kid))],
    ['a key that has not been published', async () => tokenOf(await newKey('RS256', 'unknown'))],
    ['a key of another type with the same id', async () => tokenOf(await newKey('ES256', rsa.kid))],
    ['another audience', () => tokenOf(rsa, { aud: 'another audience' })],
    ['no audience', () => tokenOf(rsa, { aud: undefined })],
    ['another issuer', () => tokenOf(rsa, { iss: 'https://login.example/other' })],
    ['an expiry in the past', () => tokenOf(rsa, { exp: inSeconds(-60) })],
    ['no expiry', () => tokenOf(rsa, { exp: undefined })],
    ['a start of validity in the future', () => tokenOf(rsa, { nbf: inSeconds(60) })],
    ['no subject', () => tokenOf(rsa, { sub: undefined })],
    ['an empty subject', () => tokenOf(rsa, { sub: '' })],
    ['a subject of 256 characters', () => tokenOf(rsa, { sub: 'x'.repeat(256) })],
    ['more than 10,000 characters', () => tokenOf(rsa, { more: 'x'.repeat(10_000) })],
    [
      'another payload with a valid signature',
      async () => {
        const [header, , signature] = (await tokenOf(rsa)).split('.');
        const [, payload] = (await tokenOf(rsa, { sub: 'user-2' })).split('.');
        return `${header}.${payload}.${signature}`;
      },
    ],
    ['an API key', () => `tb_01234567_${'A'.repeat(43)}`],
    ['nonsense', () => 'nonsense'],
  ])('%s', async (_what, token) => {
    // A valid token is accepted, so the rejection is due to what is wrong with this one.
    expect((await list(await tokenOf(rsa))).status).toBe(200);
    expect(await list(await token())).toMatchObject({ status: 401, body: { code: 'token_not_valid' } });
  });
});

test('routes that need local accounts are 404 and refer to the identity provider', async () => {
  const credentials = { username: service.users.alice.name, password: service.users.alice.password };
  const requests = [
    ['/api/token/', credentials],
    ['/api/token/refresh/', { refresh: 'x' }],
    ['/api/token/blacklist/', { refresh: 'x' }],
    ['/api/session/', credentials],
  ] as const;
  for (const [path, body] of requests) {
    expect(await anonymously(service, 'POST', path, body), path).toMatchObject({
      status: 404,
      body: { code: 'not_found', detail: expect.stringContaining('identity provider') },
    });
  }
  const session = await anonymously(service, 'GET', '/api/session/', undefined, {
    Cookie: 'taskbell_session=x',
  });
  expect(session.status).toBe(404);
});

test('the pages of the dashboard say that the accounts are elsewhere, so that they need not ask', async () => {
  for (const path of ['/', '/tasks/new']) {
    const page = await fetch(service.url + path, { headers: { Cookie: 'taskbell_session=x' } });
    expect(page.headers.get('Cache-Control'), path).toBe('no-store');
    expect(await page.text(), path).toContain('<meta name="taskbell-session" content="elsewhere"');
  }
});

test('keys of every type are accepted once they are published, and rejected once they are revoked', async () => {
  const keys = await Promise.all(
    ['RS256', 'PS384', 'ES256', 'ES512', 'EdDSA'].map((alg) => newKey(alg, `later-${alg}`)),
  );
  const statusOf = async (key: SigningKey) => (await list(await tokenOf(key))).status;
  for (const key of keys) expect(await statusOf(key), key.alg).toBe(401);
  provider.publish(...keys);
  for (const key of keys) {
    await waitFor(key.alg, async () => (await statusOf(key)) === 200, 10_000);
  }
  expect(await statusOf(rsa)).toBe(401);
  provider.publish(rsa, ...keys);
  await waitFor('the first key to be accepted again', async () => (await statusOf(rsa)) === 200, 10_000);
});

test('the dashboard says that no one can sign in to it, and where the tokens can be used', async () => {
  const page = await browser.newPage();
  await page.goto(service.url);
  await page.getByRole('heading', { name: 'The dashboard has no sign-in here' }).waitFor();
  expect(await page.getByRole('textbox').count()).toBe(0);
  expect(await page.getByRole('link', { name: 'API' }).getAttribute('href')).toBe('/docs');
  for (const method of ['GET', 'DELETE']) {
    const answer = await anonymously(service, method, '/api/session/');
    expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
  }
});

test('tokens with made-up key ids do not cause a flood of requests to the provider', async () => {
  const before = provider.asked;
  const strangers = await Promise.all(
    Array.from({ length: 50 }, async (_, i) => tokenOf({ ...(await edKey), kid: `made-up-${i}` })),
  );
  const statuses = await Promise.all(strangers.map(async (token) => (await list(token)).status));
  expect(statuses).toEqual(Array(50).fill(401));
  expect(provider.asked - before).toBeLessThanOrEqual(2);
});

const edKey = newKey('EdDSA', 'of a stranger');

describe('while the provider', () => {
  test('is unreachable or serves no valid keys, a token is 503, on upgrades too, and accepted once it serves them', async () => {
    const away = await startProvider();
    await away.close();
    const { url = '' } = await service.startApi(settings(away.jwksUrl));
    const good = await tokenOf(rsa);
    const unavailable = { status: 503, body: { code: 'identity_provider_unavailable' } };
    const answer = await list(good, url);
    expect(answer).toMatchObject(unavailable);
    expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0);
    await expect(createCaller(url, good).watch('/ws/tasks/')).rejects.toMatchObject({ status: 503 });
    // Text that cannot be a token of the provider is rejected without its keys.
    expect((await list('nonsense', url)).status).toBe(401);
    const back = await startProvider(Number(new URL(away.jwksUrl).port));
    try {
      // Running again, but without valid keys yet.
      expect(await list(good, url)).toMatchObject(unavailable);
      back.answer = (response) => void response.writeHead(200).end('<html>');
      expect(await list(good, url)).toMatchObject(unavailable);
      back.answer = (response) => void response.writeHead(200).end('{"keys": 1}');
      expect(await list(good, url)).toMatchObject(unavailable);
      back.answer = (response) => void response.writeHead(302, { Location: provider.jwksUrl }).end();
      expect(await list(good, url)).toMatchObject(unavailable);
      back.publish(rsa);
      expect((await list(good, url)).status).toBe(200);
      // Known keys are used without the provider.
      await back.close();
      expect((await list(good, url)).status).toBe(200);
    } finally {
      await back.close();
    }
  });

  test('accepts connections but never answers, a request is 503 within 5 s', async () => {
    const silent = await startProvider();
    silent.answer = () => undefined;
    try {
      const { url = '' } = await service.startApi(settings(silent.jwksUrl));
      const askedAt = performance.now();
      expect((await list(await tokenOf(rsa), url)).status).toBe(503);
      expect(performance.now() - askedAt).toBeLessThan(5000);
    } finally {
      await silent.close();
    }
  });
});
