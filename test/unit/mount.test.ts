import { z } from '@hono/zod-openapi';
import { expect, test } from 'vitest';
import { createRouteTable, openRoute, signedInRoute } from '../../src/api/route.ts';
import { alice, appOf } from '../support/app.ts';

const responses = { 200: { description: 'Done.' } };
const signedIn = { Authorization: 'Bearer x' };

/** Returns routes of a resource, the one with a parameter first, and an open route. */
function things() {
  const routes = createRouteTable();
  const body = { content: { 'application/json': { schema: z.object({ size: z.int() }) } }, required: true };
  routes.add(signedInRoute({ method: 'get', path: '/api/things/{id}', responses }), (c) => c.text('one'));
  routes.add(signedInRoute({ method: 'post', path: '/api/things/bulk', responses }), (c) => c.text('bulk'));
  routes.add(signedInRoute({ method: 'get', path: '/api/things', responses }), (c) => c.text('list'));
  routes.add(
    signedInRoute({
      method: 'put',
      path: '/api/things/{id}',
      request: { body },
      rules: { maxBodyBytes: 20 },
      responses,
    }),
    (c) => c.text(`size ${c.req.valid('json').size}`),
  );
  routes.add(openRoute({ method: 'get', path: '/open', responses }), (c) => c.text('open'));
  return routes;
}

test('a literal path takes precedence over one with a parameter, whatever the order of the routes', async () => {
  const app = appOf(things());
  const bulk = await app.request('/api/things/bulk', { method: 'POST', headers: signedIn });
  expect(await bulk.text()).toBe('bulk');
  const read = await app.request('/api/things/bulk/', { headers: signedIn });
  expect(read.status).toBe(405);
  expect(read.headers.get('Allow')).toBe('POST');
});

test('an unsupported method is 405 with the supported ones in Allow, but 401 without an account and 403 without its scope', async () => {
  const app = appOf(things());
  const wrong = await app.request('/api/things/x', { method: 'PATCH', headers: signedIn });
  expect(wrong.status).toBe(405);
  expect(wrong.headers.get('Allow')).toBe('GET, HEAD, PUT');
  expect((await app.request('/api/things/x', { method: 'PATCH' })).status).toBe(401);
  expect((await app.request('/open', { method: 'POST' })).status).toBe(405);
  const reader = appOf(things(), undefined, { ...alice, scopes: ['read'] });
  expect((await reader.request('/api/things', { method: 'DELETE', headers: signedIn })).status).toBe(403);
});

test('below a collection that needs an account, unknown addresses are 401 without one; elsewhere they are 404', async () => {
  const app = appOf(things());
  for (const path of ['/api/things/x/y', '/api/things/x/y/z'])
    expect((await app.request(path)).status, path).toBe(401);
  expect((await app.request('/api/things/x/y', { headers: signedIn })).status).toBe(404);
  for (const path of ['/api', '/api/nope', '/open/x'])
    expect((await app.request(path)).status, path).toBe(404);
});

test('the body is checked against the limit of its route, and only once its sender is admitted', async () => {
  const app = appOf(things());
  const put = (body: string, headers: Record<string, string> = signedIn) =>
    app.request('/api/things/x', {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json', 'Content-Length': String(body.length), ...headers },
      body,
    });
  expect(await (await put('{"size":1}')).text()).toBe('size 1');
  expect((await put(`{"size":${'1'.repeat(20)}}`)).status).toBe(413);
  expect((await put('not JSON')).status).toBe(400);
  expect((await put('not JSON', {})).status).toBe(401);
});

test('a route that needs an account documents that and the responses that follow from it, but not its rules', () => {
  const { paths } = appOf(things()).getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 't', version: '1' },
  });
  expect(Object.keys(paths ?? {})).toEqual(['/api/things/{id}', '/api/things/bulk', '/api/things', '/open']);
  const put = paths?.['/api/things/{id}']?.put ?? {};
  expect(put).not.toHaveProperty('rules');
  expect(put).toMatchObject({ security: [{ bearer: [] }, { cookie: [] }] });
  expect(Object.keys(put.responses ?? {})).toEqual(['200', '401', '403', '429', '431', '500', '503']);
  expect(paths?.['/open']?.get).toMatchObject({ security: [] });
});
