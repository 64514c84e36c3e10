import type { Session } from '../../auth/sessions.ts';
import { session, sessionInput } from '../../contract/account.ts';
import { maxOpenBodyBytes } from '../body.ts';
import { json, noLocalAccounts, problems } from '../responses.ts';
import { openRoute, type RouteDependencies, type RouteTable, sessionRoute } from '../route.ts';

const begin = openRoute({
  method: 'post',
  path: '/api/session',
  rules: { maxBodyBytes: maxOpenBodyBytes },
  operationId: 'startSession',
  summary: 'Start a session',
  description:
    'Signs in to the dashboard with a name and password, or with the token of a sign-in link, which works once. Sets a ' +
    'session cookie, which is HttpOnly and valid for twelve hours. Requests that write with it need the `X-CSRF-Token` ' +
    'header, and are rejected if their `Origin` is another site. An `Authorization` header takes precedence over the ' +
    'cookie. The browser’s previous session, if any, ends.',
  tags: ['Accounts'],
  request: { body: { content: { 'application/json': { schema: sessionInput } }, required: true } },
  responses: {
    200: {
      ...json(session, 'The account that signed in, and the token for `X-CSRF-Token`.'),
      headers: { 'Set-Cookie': { schema: { type: 'string' }, description: 'The session cookie.' } },
    },
    ...problems(400, 401, 403, 413, 415, 429),
    ...noLocalAccounts,
  },
});

const show = sessionRoute({
  method: 'get',
  path: '/api/session',
  operationId: 'readSession',
  summary: 'Read the current session',
  description:
    'Returns the account and the CSRF token to a page that was reloaded. Pages cannot read the cookie, and a reload ' +
    'loses the token.',
  tags: ['Accounts'],
  responses: { 200: json(session, 'The session.'), ...problems() },
});

const end = sessionRoute({
  method: 'delete',
  path: '/api/session',
  operationId: 'endSession',
  summary: 'Sign out',
  description: 'Ends the session for good, and closes the sockets and event streams that it opened.',
  tags: ['Accounts'],
  responses: { 204: { description: 'Signed out.' }, ...problems(403) },
});

export function sessionRoutes(routes: RouteTable, { access, signIn }: RouteDependencies): void {
  routes.add(begin, async (c) => {
    // Otherwise another site's page could sign a person in as another user, who could then see what they do.
    access.assertSameOrigin(c);
    const { sessions } = signIn.localAccounts();
    const credentials = c.req.valid('json');
    const account =
      'link' in credentials ? await signIn.redeem(c, credentials.link) : await signIn.verify(c, credentials);
    const [before, { session, cookie }] = await Promise.all([
      access.readSessionCookie(c),
      sessions.start(account),
    ]);
    // Its cookie is about to be replaced: no one could sign out of this session, and what it opened would
    // stay open.
    if (before) await sessions.end(before);
    access.setSessionCookie(c, cookie, session.principal.expiresAt);
    return c.json(view(session), 200);
  });

  routes.add(show, (c) => c.json(view(c.get('session')), 200));

  routes.add(end, async (c) => {
    await signIn.localAccounts().sessions.end(c.get('session'));
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
