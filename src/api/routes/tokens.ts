import {
  accessToken,
  refreshInput,
  signInInput,
  ticket,
  tokenEnded,
  tokenPair,
} from '../../contract/account.ts';
import { auditLine } from '../audit.ts';
import { maxOpenBodyBytes } from '../body.ts';
import { commonHeaders } from '../components.ts';
import { noInput } from '../no-input.ts';
import { json, noLocalAccounts, problems } from '../responses.ts';
import { openRoute, type RouteDependencies, type RouteTable, signedInRoute } from '../route.ts';

const obtain = openRoute({
  method: 'post',
  path: '/api/token',
  rules: { maxBodyBytes: maxOpenBodyBytes },
  operationId: 'signIn',
  summary: 'Sign in',
  description:
    'Signs in with a name and password. After too many failures from an address, for one name or overall, the response ' +
    'is 429 for a while.',
  tags: ['Accounts'],
  request: { body: { content: { 'application/json': { schema: signInInput } }, required: true } },
  responses: {
    200: json(tokenPair, 'An access token and a refresh token.'),
    ...problems(400, 401, 413, 415, 429),
    ...noLocalAccounts,
  },
});

const refresh = openRoute({
  method: 'post',
  path: '/api/token/refresh',
  rules: { maxBodyBytes: maxOpenBodyBytes },
  operationId: 'refreshToken',
  summary: 'Get a new access token',
  description:
    'Works until the refresh token expires or is ended, the account’s password or role changes, or the account is ' +
    'deleted. The refresh token stays the same.',
  tags: ['Accounts'],
  request: { body: { content: { 'application/json': { schema: refreshInput } }, required: true } },
  responses: {
    200: json(accessToken, 'A new access token.'),
    ...problems(400, 401, 413, 415),
    ...noLocalAccounts,
  },
});

const end = openRoute({
  method: 'post',
  path: '/api/token/blacklist',
  rules: { maxBodyBytes: maxOpenBodyBytes },
  operationId: 'endToken',
  summary: 'End a refresh token',
  description:
    'Signs out: ends the refresh token, the access token that came with it and those that it was exchanged for. ' +
    'The sockets and event streams that they opened close. The account’s other tokens stay valid. An expired or ended ' +
    'refresh token is rejected with 401. An end counts against the account’s rate limit.',
  tags: ['Accounts'],
  request: { body: { content: { 'application/json': { schema: refreshInput } }, required: true } },
  responses: {
    200: { ...json(tokenEnded, 'The tokens have ended.'), headers: commonHeaders({ limited: true }) },
    ...problems(400, 401, 413, 415),
    ...noLocalAccounts,
  },
});

const issueTicket = signedInRoute({
  method: 'post',
  path: '/api/ws-ticket',
  operationId: 'issueTicket',
  summary: 'Get a ticket that opens a WebSocket',
  description:
    'For browsers, which cannot send a header with the upgrade request. Send the ticket as `?ticket=`. It can be used ' +
    'once, within 30 seconds.',
  tags: ['Accounts'],
  // The ticket only opens a feed, for which `read` is enough.
  rules: { scope: 'read' },
  request: { body: noInput },
  responses: { 200: json(ticket, 'The ticket.'), ...problems(400, 413, 415) },
});

export function tokenRoutes(routes: RouteTable, { tickets, signIn, logger }: RouteDependencies): void {
  routes.add(obtain, async (c) => {
    const account = await signIn.verify(c, c.req.valid('json'));
    return c.json(await signIn.localAccounts().tokens.issue(account), 200);
  });

  routes.add(refresh, async (c) => {
    return c.json(await signIn.refresh(c, c.req.valid('json').refresh), 200);
  });

  routes.add(end, async (c) => {
    const account = await signIn.end(c, c.req.valid('json').refresh);
    auditLine(
      logger,
      { ...account, credential: { type: 'token' } },
      { action: 'end a refresh token', status: 200, requestId: c.res.headers.get('X-Request-Id') },
    );
    return c.json({}, 200);
  });

  routes.add(issueTicket, async (c) => {
    const principal = c.get('principal');
    const ticket = await tickets.issue(principal);
    // Not by the audit of writes: it needs `read` only.
    auditLine(logger, principal, {
      action: 'issue a ticket',
      status: 200,
      requestId: c.res.headers.get('X-Request-Id'),
    });
    return c.json({ ticket }, 200);
  });
}
