import { expect, test } from 'vitest';
import { createSessionFetch } from '../../../src/dashboard/session-fetch.ts';

const forged = () => Response.json({ code: 'csrf_failed', detail: 'no' }, { status: 403 });
const withToken = { method: 'POST', headers: { 'X-CSRF-Token': 'old', 'X-Other': 'other' } };

/** Creates a fetch in a session whose token has changed to `token`, with these responses from the service. */
function inSession(responses: readonly Response[], token?: string) {
  const left = [...responses];
  const requests: Record<string, string>[] = [];
  const seen = { responses: 0, unauthenticated: 0, replaced: [] as string[] };
  const fetch = createSessionFetch({
    fetch: async (_input, init) => {
      requests.push(Object.fromEntries(new Headers(init?.headers)));
      return left.shift() ?? Response.error();
    },
    onResponse: () => (seen.responses += 1),
    onUnauthenticated: () => (seen.unauthenticated += 1),
    tokenInsteadOf: async (sent) => {
      seen.replaced.push(sent);
      return token;
    },
  });
  return { fetch, requests, seen };
}

test('a 401 is reported once for each request, and passed on', async () => {
  const { fetch, seen } = inSession([new Response(null, { status: 401 }), new Response('fine')]);
  expect((await fetch('/api/tasks/')).status).toBe(401);
  expect(seen).toEqual({ responses: 1, unauthenticated: 1, replaced: [] });
  expect((await fetch('/api/tasks/')).status).toBe(200);
  expect(seen).toEqual({ responses: 2, unauthenticated: 1, replaced: [] });
});

test('a request with a replaced token is sent once more with the new one', async () => {
  const { fetch, requests, seen } = inSession([forged(), new Response('fine')], 'new');
  expect((await fetch('/api/tasks/', withToken)).status).toBe(200);
  expect(requests).toEqual([
    { 'x-csrf-token': 'old', 'x-other': 'other' },
    { 'x-csrf-token': 'new', 'x-other': 'other' },
  ]);
  expect(seen).toMatchObject({ unauthenticated: 0, replaced: ['old'] });
});

test('a 401 to the second try is reported as well', async () => {
  const { fetch, seen } = inSession([forged(), new Response(null, { status: 401 })], 'new');
  expect((await fetch('/api/tasks/', withToken)).status).toBe(401);
  expect(seen.unauthenticated).toBe(1);
});

test('a request is not sent again without a new token, nor after any other 403', async () => {
  const { fetch, requests, seen } = inSession([forged(), new Response(null, { status: 403 })]);
  expect(await (await fetch('/api/tasks/', withToken)).json()).toMatchObject({ code: 'csrf_failed' });
  expect((await fetch('/api/tasks/', withToken)).status).toBe(403);
  expect(requests).toHaveLength(2);
  expect(seen).toMatchObject({ unauthenticated: 0, replaced: ['old'] });
});
