import { type Asset, answerWith, makeAsset } from '../assets.ts';
import { commonHeaders, registerComponents } from '../components.ts';
import { isNoInput } from '../no-input.ts';
import type { Api } from '../types.ts';

const description = `
Taskbell runs a task at the time you choose, keeps that promise through crashes, and shows you live what is happening.

**Authentication.** \`POST /api/token/\` returns an access token, valid for 15 minutes, and a refresh token.
\`taskbell keys create\` creates API keys, which you can use instead of an access token. Send either as
\`Authorization: Bearer …\`.

**Errors** are RFC 9457 problem documents. \`code\` is a stable identifier to check in your code, \`errors[]\` points to the
invalid fields by JSON pointer, and \`request_id\` identifies the request in the log.

**Idempotency.** With an \`Idempotency-Key\`, a task is created or retried only once, however often you send the request.
429 and 503 responses say in \`Retry-After\` when to try again. \`RateLimit\` headers say how many requests are left.

**Conventions.** Paths work with and without a trailing slash. Timestamps are RFC 3339 in UTC; durations are in seconds.

**Feeds.** The WebSocket \`/ws/tasks/{id}/\` sends \`FeedMessage\`s: the current state of the task, then every change. The
end of each run is sent once. \`version\` never decreases within a run; a reset in Temporal creates another run, so compare
\`run_created_at\` first. \`/ws/tasks/\` sends the changes of all tasks that match the filters of the list. Upgrades are
rejected with 400, 401, 403, 404, 429 or 503. An open socket closes with 4401 (its token is no longer valid), 4404 (its task
no longer exists), 1008 (too many messages), 1012 (the service is restarting: reconnect) or 1013 (the client is too slow).
Browsers cannot send \`Authorization\` with an upgrade, so they open the socket with \`?ticket=\` from
\`POST /api/ws-ticket/\`. \`GET /api/tasks/{id}/events/\` sends the same messages as Server-Sent Events.
`.trim();

const document = {
  openapi: '3.1.0',
  info: {
    title: 'Taskbell',
    // Version of the API that the document describes, not of the package that serves it.
    version: '1.0.0',
    description,
    license: { name: 'MIT', identifier: 'MIT' },
  },
  servers: [{ url: '/' }],
  tags: [
    { name: 'Tasks', description: 'Create, find, read, change, delete and watch tasks.' },
    { name: 'Commands', description: 'Cancel, pause, resume, run or retry a task.' },
    { name: 'Bulk operations', description: 'Create or change up to a thousand tasks in one request.' },
    { name: 'Task types', description: 'The kinds of work that tasks can do.' },
    { name: 'Accounts', description: 'Sign in and out.' },
    { name: 'Overview', description: 'Summarise tasks and workers.' },
    { name: 'Health', description: 'Checks for load balancers and operators.' },
  ],
};

/** GET /openapi.json */
export function openApiRoute(app: Api): void {
  registerComponents(app);
  // Made once: it takes longer than most responses, and anyone can request it.
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
      // Generators of clients would make an argument of it, and some send `null` if that isn't given.
      if (operation && isNoInput(operation.requestBody)) delete operation.requestBody;
      const headers = commonHeaders({ limited: (operation?.security ?? []).length > 0 });
      for (const answer of Object.values(operation?.responses ?? {})) {
        // Error responses are components, which have these headers already.
        if ('description' in answer && !('$ref' in answer))
          answer.headers = { ...answer.headers, ...headers };
      }
    }
  }
  return described;
}
