import { createRoute } from '@hono/zod-openapi';
import type { Session } from '../auth/sessions.ts';
import { session, sessionInput } from '../contract/account.ts';
import type { Access } from './access.ts';
import { json, noAccountsHere, problems } from './responses.ts';
import type { SignIn } from './sign-in.ts';
import type { Api } from './types.ts';

const begin = createRoute({
  method: 'post',
  path: '/api/session',
  operationId: 'startSession',
  summary: 'Sign in by cookie',
  description:
    'For the dashboard, by name and password, or by what a sign-in link holds, once. The cookie is HttpOnly and good for twelve hours; whatever else than reading is done with it ' +
    'needs the header `X-CSRF-Token`, and no other site’s `Origin`. An `Authorization` header goes before the cookie. ' +
    'A session that the browser had before ends.',
  tags: ['Accounts'],
  request: { body: { content: { 'application/json': { schema: sessionInput } }, required: true } },
  responses: {
    200: {
      ...json(session, 'Who has signed in, and the token for `X-CSRF-Token`.'),
      headers: { 'Set-Cookie': { schema: { type: 'string' }, description: 'The session.' } },
    },
    ...problems(400, 401, 403, 413, 415, 429),
    ...noAccountsHere,
  },
});

const show = createRoute({
  method: 'get',
  path: '/api/session',
  operationId: 'readSession',
  summary: 'Who is signed in by cookie',
  description:
    'For pages that have been loaded anew: the cookie they cannot read, and the token they have forgotten.',
  tags: ['Accounts'],
  security: [{ cookie: [] }],
  responses: { 200: json(session, 'The session.'), ...problems(401) },
});

const end = createRoute({
  method: 'delete',
  path: '/api/session',
  operationId: 'endSession',
  summary: 'Sign out',
  description: 'The session is dead from then on, and what it has opened is closed.',
  tags: ['Accounts'],
  security: [{ cookie: [] }],
  responses: { 204: { description: 'Signed out.' }, ...problems(401, 403) },
});

export function sessionRoutes(app: Api, access: Access, signIn: SignIn): void {
  app.openapi(begin, async (c) => {
    // Or a page of another site could sign a person in as somebody else, who then reads what they do.
    access.assertSameOrigin(c);
    const { sessions } = signIn.own();
    const credentials = c.req.valid('json');
    const account =
      'link' in credentials ? await signIn.redeem(credentials.link) : await signIn.verify(c, credentials);
    const [before, { session, cookie }] = await Promise.all([
      access.broughtSession(c),
      sessions.start(account),
    ]);
    // Its cookie is gone from the browser: nobody could sign out of it any more, and what it has opened would go on.
    if (before) await sessions.end(before);
    access.setSessionCookie(c, cookie, session.principal.expiresAt);
    return c.json(view(session), 200);
  });

  app.openapi(show, (c) => c.json(view(c.get('session')), 200));

  app.openapi(end, async (c) => {
    await signIn.own().sessions.end(c.get('session'));
    access.clearSessionCookie(c);
    return c.body(null, 204);
  });
}

function view({ principal: { id, name, role, expiresAt }, csrfToken }: Session) {
  return {
    account: { id, name, role },
    csrf_token: csrfToken,
    expires_at: new Date(expiresAt).toISOString(),
  };
}
