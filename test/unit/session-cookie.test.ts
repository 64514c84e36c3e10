import { OpenAPIHono } from '@hono/zod-openapi';
import { expect, test } from 'vitest';
import { createAccess } from '../../src/api/access.ts';
import type { ApiEnv } from '../../src/api/types.ts';

async function cookieFor(headers: Record<string, string>, isSecure: boolean): Promise<string> {
  const access = createAccess(
    { authenticate: () => Promise.reject(new Error('unused')), localAccounts: undefined },
    () => ({ address: 'here', isSecure }),
  );
  const app = new OpenAPIHono<ApiEnv>();
  app.post('/', (c) => {
    access.setSessionCookie(c, 'value', Date.now() + 60_000);
    return c.body(null, 204);
  });
  const response = await app.request('/', { method: 'POST', headers });
  return response.headers.get('Set-Cookie') ?? '';
}

test.each([
  ['behind a trusted proxy with TLS', {}, true, /^__Host-taskbell_session=.*Secure/],
  ['behind a proxy with TLS that is not trusted', { Origin: 'https://tasks.example.org' }, false, /Secure/],
])('the session cookie is secure %s', async (_where, headers, isSecure, expected) => {
  expect(await cookieFor(headers, isSecure)).toMatch(expected);
});

test.each([{ Origin: 'http://tasks.lan:8000' }, { Origin: 'http://127.0.0.1:8000' }, {}])(
  'the session cookie is not secure for a page over plain http, which would lose it: %j',
  async (headers) => {
    const cookie = await cookieFor({ ...headers }, false);
    expect(cookie).toMatch(/^taskbell_session=.*HttpOnly/);
    expect(cookie).not.toMatch(/Secure/);
  },
);
