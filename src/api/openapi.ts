import { type Asset, answerWith, makeAsset } from './assets.ts';
import { commonHeaders, registerComponents } from './components.ts';
import type { Api } from './types.ts';

const description = `
Runs a task at a time you name, keeps the promise through crashes, and shows you live what is happening.

**Signing in.** \`POST /api/token/\` gives an access token for 15 minutes and a refresh token; \`taskbell keys create\` makes
API keys, which go in its place. Either is sent as \`Authorization: Bearer …\`.

**Errors** are RFC 9457 problem documents. \`code\` is a stable word to decide by, \`errors[]\` names the fields that are
wrong by JSON pointer, \`request_id\` is what the log knows the request by.

**Sending again.** With an \`Idempotency-Key\`, a creation or retry does its work once, however often it is sent. 429 and
503 say with \`Retry-After\` when to try again; \`RateLimit\` headers say how much is left.

**Paths** work with and without a trailing slash. Instants are RFC 3339 in UTC, durations seconds.

**Feeds.** A WebSocket at \`/ws/tasks/{id}/\` sends \`FeedMessage\`s: the task as it is, then every change; its \`version\` never
falls, and each run's end is told once. \`/ws/tasks/\` sends the changes of all tasks that fit the filters of the list.
Upgrades are refused with 401, 403, 404 or 429. An open socket ends with 4401 (its token has ended), 4404 (its task is
gone), 1008 (too many messages), 1012 (a restart: connect again) or 1013 (too slow). Browsers, which cannot send the
header, open it with \`?ticket=\` from \`POST /api/ws-ticket/\`. \`GET /api/tasks/{id}/events/\` has the same messages as
Server-Sent Events.
`.trim();

const document = {
  openapi: '3.1.0',
  info: {
    title: 'Taskbell',
    version: '1.0.0',
    description,
    license: { name: 'MIT', identifier: 'MIT' },
  },
  servers: [{ url: '/' }],
  tags: [
    { name: 'Tasks', description: 'Make, find, read, change, delete and watch them.' },
    { name: 'Commands', description: 'What can be done to a task besides changing it.' },
    { name: 'Many tasks', description: 'Up to a thousand at a time.' },
    { name: 'Task types', description: 'What tasks can do.' },
    { name: 'Accounts', description: 'Signing in.' },
    { name: 'Health', description: 'For load balancers and people who look after the service.' },
  ],
};

/** GET /openapi.json */
export function openApiRoute(app: Api): void {
  registerComponents(app);
  // Made once: it takes longer than most answers, and everybody may ask for it.
  let made: Asset | undefined;
  app.get('/openapi.json', (c) => {
    made ??= makeAsset('application/json', new TextEncoder().encode(JSON.stringify(describe(app))));
    return answerWith(c, made);
  });
}

function describe(app: Api) {
  const described = app.getOpenAPI31Document(document);
  for (const item of Object.values(described.paths ?? {})) {
    for (const operation of [item.get, item.put, item.post, item.delete, item.patch]) {
      const headers = commonHeaders({ limited: operation?.security !== undefined });
      for (const answer of Object.values(operation?.responses ?? {})) {
        // Refusals are components, which have theirs.
        if ('description' in answer && !('$ref' in answer))
          answer.headers = { ...answer.headers, ...headers };
      }
    }
  }
  return described;
}
