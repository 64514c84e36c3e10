/** The dashboard's sessions: a cookie, and its protection against use by pages of other sites. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { usersFilePath } from '../../src/auth/paths.ts';
import { createSignInLinks } from '../../src/auth/sign-in-links.ts';
import { createUsers } from '../../src/auth/users.ts';
import { type Caller, callUrl, openFeed, RejectedUpgrade } from '../support/caller.ts';
import { waitFor } from '../support/wait-for.ts';
import { openEvents } from '../support/event-stream.ts';
import { allRoutes, isRead } from '../support/routes.ts';
import { anonymously, jwtSecret, type TestAccount, useService } from '../support/service.ts';

const farAway = { name: 'far away', delay: 86_400 };

const service = useService();
let alice: Caller;
const closers: (() => void)[] = [];

beforeAll(async () => {
  alice = await service.as('alice');
});
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

interface SessionBody {
  account: { id: string; name: string; role: string };
  csrf_token: string;
  expires_at: string;
}

interface Browser {
  readonly cookie: string;
  readonly csrf: string;
  readonly body: SessionBody;
  readonly setCookie: string;
  /** Sends a request as the dashboard does: with the cookie, and on writes with the CSRF token. */
  readonly call: Caller['call'];
}

async function signIn(
  { name, password }: TestAccount = service.users.alice,
  { url = service.url, headers = {} }: { url?: string; headers?: Record<string, string> } = {},
): Promise<Browser> {
  const credentials = { username: name, password };
  const answer = await callUrl<SessionBody>(`${url}/api/session/`, 'POST', credentials, headers);
  expect(answer.status).toBe(200);
  const setCookie = answer.headers.get('Set-Cookie') ?? '';
  const [cookie = ''] = setCookie.split(';');
  const csrf = answer.body.csrf_token;
  return {
    cookie,
    csrf,
    body: answer.body,
    setCookie,
    call: (method, path, body, headers = {}) =>
      callUrl(`${url}${path}`, method, body, {
        Cookie: `theme=dark; ${cookie}`,
        ...(isRead({ method }) ? {} : { 'X-CSRF-Token': csrf }),
        ...headers,
      }),
  };
}

describe('signing in by cookie', () => {
  test('returns the account and a CSRF token, and sets a cookie that no script can read', async () => {
    const { body, setCookie, call } = await signIn();
    expect(body).toEqual({
      account: { id: expect.any(String), name: service.users.alice.name, role: 'user' },
      csrf_token: expect.stringMatching(/^[\w-]{43}$/),
      expires_at: expect.any(String),
    });
    const hoursLeft = (Date.parse(body.expires_at) - Date.now()) / 3_600_000;
    expect(hoursLeft).toBeGreaterThan(11.9);
    expect(hoursLeft).toBeLessThanOrEqual(12);
    const [pair, ...attributes] = setCookie.split('; ');
    expect(pair).toMatch(/^taskbell_session=[\w.-]+$/);
    expect(attributes.toSorted()).toEqual([
      'HttpOnly',
      expect.stringMatching(/^Max-Age=43\d{3}$/),
      'Path=/',
      'SameSite=Strict',
    ]);
    const shown = await call<SessionBody>('GET', '/api/session/');
    expect(shown).toMatchObject({ status: 200, body });
    expect(shown.headers.get('Cache-Control')).toBe('no-store');
  });

  test('with a wrong password or an unknown name is 401, and sets no cookie', async () => {
    for (const username of [service.users.alice.name, 'unknown']) {
      const credentials = { username, password: 'not-the-password' };
      const answer = await anonymously(service, 'POST', '/api/session/', credentials);
      expect(answer).toMatchObject({ status: 401, body: { code: 'no_active_account' } });
      expect(answer.headers.get('Set-Cookie')).toBeNull();
    }
  });

  test.each<[string, Record<string, string>]>([
    ['of another origin', { Origin: 'https://evil.example' }],
    ['of an opaque origin', { Origin: 'null' }],
    ['of the same host on another port', { Origin: 'http://127.0.0.1:1' }],
    ['of another site by its Sec-Fetch-Site header', { 'Sec-Fetch-Site': 'cross-site' }],
  ])('is rejected for a page %s', async (_what, headers) => {
    const credentials = { username: service.users.alice.name, password: service.users.alice.password };
    const answer = await anonymously(service, 'POST', '/api/session/', credentials, headers);
    expect(answer).toMatchObject({ status: 403, body: { code: 'csrf_failed' } });
    expect(answer.headers.get('Set-Cookie')).toBeNull();
  });

  test('needs JSON, which no form can send', async () => {
    const body = JSON.stringify({
      username: service.users.alice.name,
      password: service.users.alice.password,
    });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
      const headers = { 'Content-Type': type };
      const { status } = await fetch(`${service.url}/api/session/`, { method: 'POST', headers, body });
      expect(status).toBe(415);
    }
  });
});

describe('a sign-in link', () => {
  async function linkOf(user: string, ...more: string[]): Promise<string> {
    const main = resolve('dist/src/cli/main.js');
    const env = { ...service.environment, TASKBELL_JWT_SECRET: jwtSecret };
    const { stdout } = await promisify(execFile)(process.execPath, [main, 'users', 'link', user, ...more], {
      env,
    });
    return stdout.trim();
  }

  const tokenIn = (link: string): string => new URL(link).hash.replace('#sign-in=', '');
  const redeem = (link: string, { url = service.url, headers = {} } = {}) =>
    callUrl<SessionBody>(`${url}/api/session/`, 'POST', { link }, headers);
  const rejected = { status: 401, body: { code: 'token_not_valid' } };

  test('leads to the dashboard, and signs its user in once, whichever API process redeems it', async () => {
    const { secondUrl: url = '' } = service;
    const link = await linkOf(service.users.alice.name, '--url', 'https://tasks.example');
    expect(link).toMatch(/^https:\/\/tasks\.example\/#sign-in=[\w.-]+$/);
    const { status, body, headers } = await redeem(tokenIn(link));
    expect({ status, name: body.account.name }).toEqual({ status: 200, name: service.users.alice.name });
    const [Cookie = ''] = (headers.get('Set-Cookie') ?? '').split(';');
    expect((await anonymously(service, 'GET', '/api/session/', undefined, { Cookie })).status).toBe(200);
    expect(await redeem(tokenIn(link))).toMatchObject(rejected);
    expect(await redeem(tokenIn(link), { url })).toMatchObject(rejected);
  });

  test('that is redeemed several times at once, in two processes, signs in once', async () => {
    const { secondUrl: url = '' } = service;
    const token = tokenIn(await linkOf(service.users.alice.name));
    const redeemed = await Promise.all(
      Array.from({ length: 10 }, (_, i) => redeem(token, i % 2 === 0 ? {} : { url })),
    );
    expect(redeemed.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(redeemed.filter(({ status }) => status === 401)).toHaveLength(9);
  });

  test('is rejected for pages of other sites, after 15 minutes, and after a change of its user’s password', async () => {
    const name = `dave-${randomUUID()}`;
    const users = createUsers({ path: usersFilePath(service.home) });
    const account = await users.add(name, 'a-good-password', 'user');
    const token = tokenIn(await linkOf(name));
    const foreign = await redeem(token, { headers: { Origin: 'https://evil.example' } });
    expect(foreign).toMatchObject({ status: 403, body: { code: 'csrf_failed' } });
    const issueAt = (now: number) => {
      const unused = { accountOf: async () => undefined, endedSessions: { add: async () => false } };
      return createSignInLinks({ secret: jwtSecret, ...unused, now: () => now }).issue(account);
    };
    expect(await redeem(await issueAt(Date.now() - 15 * 60_000))).toMatchObject(rejected);
    expect((await redeem(await issueAt(Date.now() - 14 * 60_000))).status).toBe(200);
    await users.changePassword(name, 'another-password');
    await waitFor('the rejection of the old password', () => signInFails(name), 5000);
    expect(await redeem(token)).toMatchObject(rejected);
  });

  /** Whether the API knows that the password has changed. */
  async function signInFails(username: string): Promise<boolean> {
    const credentials = { username, password: 'a-good-password' };
    return (await anonymously(service, 'POST', '/api/token/', credentials)).status === 401;
  }

  test('is not accepted as a session or a token, and neither of them as a link', async () => {
    const token = tokenIn(await linkOf(service.users.alice.name));
    const { cookie } = await signIn();
    const Authorization = `Bearer ${token}`;
    for (const headers of [{ Authorization }, { Cookie: `taskbell_session=${token}` }])
      expect((await anonymously(service, 'GET', '/api/tasks/', undefined, headers)).status).toBe(401);
    for (const wrong of [cookie.split('=')[1] ?? '', alice.token, 'x'])
      expect(await redeem(wrong), wrong).toMatchObject(rejected);
    for (const body of [{}, { link: '' }, { link: 1 }, { username: 'alice' }]) {
      const answer = await anonymously(service, 'POST', '/api/session/', body);
      expect(answer, JSON.stringify(body)).toMatchObject({ status: 400, body: { code: 'validation' } });
    }
  });
});

describe('a session', () => {
  test('has the rights of its user', async () => {
    const browser = await signIn();
    const created = await browser.call<{ id: string }>('POST', '/api/tasks/', farAway);
    expect(created.status).toBe(201);
    expect((await alice.read(created.body.id)).name).toBe('far away');
    expect((await browser.call('GET', '/api/tasks/')).status).toBe(200);
    const stream = await openEvents(service, created.body.id, { Cookie: browser.cookie });
    closers.push(stream.leave);
    await waitFor('the first event', () => stream.text.includes('"status":"SCHEDULED"'));
    const bobs = await (await service.as('bob')).create(farAway);
    expect((await browser.call('GET', `/api/tasks/${bobs.id}/`)).status).toBe(404);
  });

  test('cannot write on any route without its own CSRF token, nor for a page of another site', async () => {
    const [browser, other] = [await signIn(), await signIn()];
    const forgeries: Record<string, string>[] = [
      { 'X-CSRF-Token': '' },
      { 'X-CSRF-Token': other.csrf },
      { 'X-CSRF-Token': browser.csrf.slice(0, -1) },
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
      { 'Sec-Fetch-Site': 'same-site' },
    ];
    const writing = (await allRoutes(service)).filter(
      (route) => route.schemes?.includes('cookie') && !isRead(route),
    );
    expect(writing.length).toBeGreaterThan(8);
    for (const { method, address } of writing) {
      for (const headers of forgeries) {
        const body = method === 'DELETE' ? undefined : farAway;
        const answer = await browser.call(method, address, body, headers);
        const what = `${method} ${address} ${JSON.stringify(headers)}`;
        expect(answer, what).toMatchObject({ status: 403, body: { code: 'csrf_failed' } });
      }
    }
    // The session itself still works, and its own page may write.
    const headers = { Origin: service.url, 'Sec-Fetch-Site': 'same-origin' };
    expect((await browser.call('POST', '/api/tasks/', farAway, headers)).status).toBe(201);
  });

  test('is ignored if the request has an Authorization header, valid or not', async () => {
    const browser = await signIn();
    const Authorization = `Bearer ${(await service.as('bob')).token}`;
    // No CSRF token is needed: pages of other sites cannot send that header.
    const headers = { Authorization, Cookie: browser.cookie };
    const created = await anonymously<{ owner: string }>(service, 'POST', '/api/tasks/', farAway, headers);
    expect(created.status).toBe(201);
    expect(created.body.owner).not.toBe(browser.body.account.id);
    for (const bad of ['Bearer nonsense', 'Basic YTpi', '']) {
      expect((await browser.call('GET', '/api/tasks/', undefined, { Authorization: bad })).status).toBe(401);
    }
  });

  test('opens a socket by ticket, but not by its cookie', async () => {
    const browser = await signIn();
    const { id } = await alice.create(farAway);
    const url = `${service.url.replace('http', 'ws')}/ws/tasks/${id}/`;
    const bare = openFeed(url, { Cookie: browser.cookie, Origin: service.url });
    await expect(bare).rejects.toThrow(new RejectedUpgrade(401));
    const { body } = await browser.call<{ ticket: string }>('POST', '/api/ws-ticket/');
    const feed = await openFeed(`${url}?ticket=${body.ticket}`, { Origin: service.url });
    await feed.until('the snapshot', ({ messages }) => messages.length > 0);
    feed.socket.close();
  });

  test('is rejected if its cookie is altered or holds another kind of token, and its value is no bearer token', async () => {
    const { cookie } = await signIn();
    const [name, value = ''] = cookie.split('=');
    for (const wrong of [value.slice(0, -3), '', 'x', alice.token]) {
      const answer = await anonymously(service, 'GET', '/api/session/', undefined, {
        Cookie: `${name}=${wrong}`,
      });
      expect(answer.status, wrong).toBe(401);
    }
    const asToken = await anonymously(service, 'GET', '/api/tasks/', undefined, {
      Authorization: `Bearer ${value}`,
    });
    expect(asToken.status).toBe(401);
  });
});

describe('the end of a session', () => {
  /** Opens a socket and an event stream with the session. */
  async function watch(browser: Browser, id: string) {
    const { body } = await browser.call<{ ticket: string }>('POST', '/api/ws-ticket/');
    const feed = await openFeed(`${service.url.replace('http', 'ws')}/ws/tasks/${id}/?ticket=${body.ticket}`);
    const stream = await openEvents(service, id, { Cookie: browser.cookie });
    closers.push(stream.leave, () => feed.socket.terminate());
    await waitFor('the first event', () => stream.text.includes('data:'));
    return { ends: () => [feed.closed.code, stream.end.code] };
  }

  test('by signing out is final in every API process, and closes its socket and stream; other sessions stay', async () => {
    const { id } = await alice.create(farAway);
    const { secondUrl: url = '' } = service;
    const [browser, other] = [await signIn(), await signIn()];
    const [its, others] = [await watch(browser, id), await watch(other, id)];
    const out = await browser.call('DELETE', '/api/session/');
    expect(out.status).toBe(204);
    expect(out.headers.get('Set-Cookie')).toMatch(/^taskbell_session=; Max-Age=0; Path=\/;/);
    const replayed = { Cookie: browser.cookie, 'X-CSRF-Token': browser.csrf };
    expect((await anonymously(service, 'GET', '/api/tasks/', undefined, replayed)).status).toBe(401);
    expect((await anonymously(service, 'DELETE', '/api/session/', undefined, replayed)).status).toBe(401);
    const elsewhere = async () =>
      (await callUrl(`${url}/api/tasks/`, 'GET', undefined, replayed)).status === 401;
    await waitFor('its end in the other API process', elsewhere, 5000);
    await waitFor(
      'the ends of the socket and the stream',
      () => its.ends().every((code) => code !== undefined),
      5000,
    );
    expect(its.ends()).toEqual([4401, 4401]);
    expect(others.ends()).toEqual([undefined, undefined]);
    expect((await other.call('GET', '/api/session/')).status).toBe(200);
  });

  test('comes when another user signs in with the same browser, but not if that sign-in fails', async () => {
    const browser = await signIn();
    const its = await watch(browser, (await alice.create(farAway)).id);
    const again = (password: string, headers = {}) =>
      anonymously(
        service,
        'POST',
        '/api/session/',
        { username: service.users.bob.name, password },
        { Cookie: browser.cookie, ...headers },
      );
    expect((await again('wrong')).status).toBe(401);
    expect((await again(service.users.bob.password, { Origin: 'https://evil.example' })).status).toBe(403);
    expect((await browser.call('GET', '/api/session/')).status).toBe(200);
    expect((await again(service.users.bob.password)).status).toBe(200);
    await waitFor(
      'the ends of the socket and the stream',
      () => its.ends().every((code) => code === 4401),
      5000,
    );
    expect((await browser.call('GET', '/api/session/')).status).toBe(401);
  });

  test.each<[string, (name: string) => Promise<unknown>]>([
    ['the removal of its user', (name) => users().remove(name)],
    ['a change of the password', (name) => users().changePassword(name, 'another-password')],
    ['the demotion of its user from admin', (name) => users().changeRole(name, 'user')],
  ])('by %s comes within 5 s, and closes its socket and stream', async (_what, change) => {
    const name = `carol-${randomUUID()}`;
    await users().add(name, 'a-good-password', 'admin');
    const browser = await signIn({ name, password: 'a-good-password' });
    const its = await watch(browser, (await alice.create(farAway)).id);
    await change(name);
    await waitFor(
      'the ends of the socket and the stream',
      () => its.ends().every((code) => code === 4401),
      5000,
    );
    expect((await browser.call('GET', '/api/session/')).status).toBe(401);
  });

  const users = () => createUsers({ path: usersFilePath(service.home) });
});

describe('behind a proxy that terminates TLS,', () => {
  const headers = { 'X-Forwarded-For': '203.0.113.7', 'X-Forwarded-Proto': 'https' };
  let url: string;
  beforeAll(async () => {
    ({ secondUrl: url = '' } = service);
  });

  test('the cookie is restricted to https and to this host', async () => {
    const browser = await signIn(service.users.alice, { url, headers });
    expect(browser.setCookie).toMatch(/^__Host-taskbell_session=/);
    expect(browser.setCookie.split('; ')).toEqual(
      expect.arrayContaining(['Secure', 'HttpOnly', 'SameSite=Strict', 'Path=/']),
    );
    expect(browser.setCookie).not.toContain('Domain');
    const shown = await browser.call('GET', '/api/session/', undefined, headers);
    expect(shown.status).toBe(200);
    // A cookie with the unprefixed name could have been planted over plain http.
    const planted = { ...headers, Cookie: browser.cookie.replace('__Host-', '') };
    expect((await callUrl(`${url}/api/session/`, 'GET', undefined, planted)).status).toBe(401);
  });

  test('responses make browsers use https for this host alone, on every response, and never over plain http', async () => {
    for (const path of ['/', '/healthz', '/api/tasks/', '/nowhere']) {
      const secure = await fetch(`${url}${path}`, { headers });
      expect(secure.headers.get('Strict-Transport-Security'), path).toBe('max-age=15552000');
      expect((await fetch(`${url}${path}`)).headers.has('Strict-Transport-Security'), path).toBe(false);
    }
  });

  test('a page of the same host over plain http is rejected', async () => {
    const browser = await signIn(service.users.alice, { url, headers });
    const from = (Origin: string) => browser.call('POST', '/api/tasks/', farAway, { ...headers, Origin });
    expect(await from(url)).toMatchObject({ status: 403, body: { code: 'csrf_failed' } });
    expect((await from(url.replace('http:', 'https:'))).status).toBe(201);
  });

  test('the forwarded headers are ignored if the proxy is not trusted', async () => {
    const browser = await signIn(service.users.alice, { headers });
    expect(browser.setCookie).toMatch(/^taskbell_session=/);
    expect(browser.setCookie).not.toContain('Secure');
  });
});
