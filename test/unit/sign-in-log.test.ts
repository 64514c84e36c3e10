import { pino } from 'pino';
import type { Context } from 'hono';
import { expect, test } from 'vitest';
import { createSignIn } from '../../src/api/sign-in.ts';
import { createRouteTable, type RouteDependencies } from '../../src/api/route.ts';
import { tokenRoutes } from '../../src/api/routes/tokens.ts';
import { invalidToken } from '../../src/auth/rejections.ts';
import type { LocalAccounts } from '../../src/auth/gate.ts';
import { createRateLimit, type RateLimit } from '../../src/lib/token-bucket.ts';
import { appOf } from '../support/app.ts';

const account = { id: 'a1', name: 'alice', role: 'user', generation: 1 } as const;

function setUp(rate?: RateLimit) {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => {
    const { level: _level, time: _time, pid: _pid, hostname: _hostname, ...rest } = JSON.parse(line);
    lines.push(rest);
  };
  const logger = pino({ level: 'info' }, { write });
  const localAccounts = {
    links: {
      redeem: async (link: string) => {
        if (link !== 'good') throw invalidToken('link', 'already used');
        return account;
      },
    },
    tokens: {
      refresh: async (token: string) => {
        if (token !== 'good') throw invalidToken('refresh', 'expired');
        return { account, access: 'an access token' };
      },
      end: async (token: string, admit: (of: typeof account) => void) => {
        if (token !== 'good') throw invalidToken('refresh', 'ended');
        admit(account);
        return account;
      },
    },
  } as unknown as LocalAccounts;
  const signIn = createSignIn({ localAccounts, rate, logger }, () => ({ address: 'here', isSecure: false }));
  return { signIn, lines, logger };
}

test('a sign-in by link and a refresh are logged with account and address, failed ones with the reason', async () => {
  const { signIn, lines } = setUp();
  const c = {} as Context;
  await signIn.redeem(c, 'good');
  await expect(signIn.redeem(c, 'used')).rejects.toMatchObject({ code: 'token_not_valid' });
  expect(await signIn.refresh(c, 'good')).toEqual({ access: 'an access token' });
  await expect(signIn.refresh(c, 'old')).rejects.toMatchObject({ code: 'token_not_valid' });
  expect(lines).toEqual([
    { address: 'here', account: 'a1', msg: 'signed in by link' },
    { address: 'here', reason: 'already used', msg: 'sign-in by link failed' },
    { address: 'here', account: 'a1', msg: 'access token refreshed' },
    { address: 'here', reason: 'expired', msg: 'refresh of a token failed' },
  ]);
});

/** Returns a function that asks the route to end a refresh token. */
function endRoute(signIn: ReturnType<typeof setUp>['signIn'], logger: ReturnType<typeof setUp>['logger']) {
  const routes = createRouteTable();
  tokenRoutes(routes, { signIn, logger } as unknown as RouteDependencies);
  const app = appOf(routes, logger);
  return (refresh: string) =>
    app.request('/api/token/blacklist/', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ refresh }),
    });
}

test('the end of a refresh token is logged with account and address, and audited, a failed one with the reason', async () => {
  const { signIn, lines, logger } = setUp();
  const end = endRoute(signIn, logger);
  expect((await end('good')).status).toBe(200);
  expect((await end('used')).status).toBe(401);
  expect(lines).toMatchObject([
    { address: 'here', account: 'a1', msg: 'refresh token ended' },
    { audit: { actor: 'a1', actorName: 'alice', action: 'end a refresh token', status: 200 } },
    { address: 'here', reason: 'ended', msg: 'end of a refresh token failed' },
  ]);
  expect(JSON.stringify(lines)).not.toContain('good');
});

test('the end of a refresh token counts against the rate limit of its account', async () => {
  const { signIn, lines, logger } = setUp(createRateLimit(1));
  const end = endRoute(signIn, logger);
  expect((await end('used')).status).toBe(401);
  expect((await end('good')).status).toBe(200);
  const rejected = await end('good');
  expect(rejected.status).toBe(429);
  expect(Number(rejected.headers.get('Retry-After'))).toBeGreaterThan(0);
  expect(lines.at(-1)).toMatchObject({ address: 'here', msg: 'end of a refresh token failed' });
});

test('a ticket is logged with its account and the key that was used', async () => {
  const { signIn, lines, logger } = setUp();
  const routes = createRouteTable();
  const tickets = { issue: async () => 'a ticket' };
  tokenRoutes(routes, { tickets, signIn, logger } as unknown as RouteDependencies);
  await appOf(routes, logger).request('/api/ws-ticket/', {
    method: 'POST',
    headers: { Authorization: 'Bearer x' },
  });
  expect(lines).toMatchObject([{ audit: { actor: 'a1', key: '0123abcd', action: 'issue a ticket' } }]);
  expect(JSON.stringify(lines)).not.toContain('a ticket"}');
});
