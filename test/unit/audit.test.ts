import { OpenAPIHono } from '@hono/zod-openapi';
import { Hono } from 'hono';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { audit } from '../../src/api/audit.ts';
import { bulkRoutes } from '../../src/api/bulk.ts';
import type { ApiDependencies, ApiEnv } from '../../src/api/types.ts';
import { allScopes, type Principal } from '../../src/auth/principal.ts';
import { AppError } from '../../src/contract/errors.ts';
import type { BulkService } from '../../src/tasks/bulk.ts';

const id = '6bb2a102-cc8f-401b-a395-3243464ca175';

const alice: Principal = {
  id: 'a1',
  name: 'alice',
  role: 'user',
  generation: 1,
  scopes: allScopes,
  credential: { type: 'key', prefix: '0123abcd' },
  expiresAt: 0,
};

interface Line {
  readonly msg: string;
  readonly audit: Record<string, unknown>;
}

/** Returns the log lines of a request by alice, or by a caller who is not signed in. */
async function logged(method: string, path: string, signedIn = true): Promise<Line[]> {
  const lines: Line[] = [];
  const logger = pino(
    { level: 'info' },
    { write: (line: string) => void lines.push(JSON.parse(line) as Line) },
  );
  const app = new Hono<ApiEnv>({ strict: false });
  app.use(audit(logger));
  app.use(async (c, next) => {
    if (signedIn) c.set('principal', alice);
    await next();
  });
  app.post('/api/tasks', (c) => c.json({}, 201, { Location: `/api/tasks/${id}/` }));
  app.all('*', (c) => c.json({}, path.includes('cancel') ? 409 : 200));
  await app.request(path, { method });
  return lines;
}

test.each([
  ['POST', '/api/tasks/', 'POST /api/tasks', id, 201],
  ['PATCH', `/api/tasks/${id}/`, 'PATCH /api/tasks/ID', id, 200],
  ['DELETE', `/api/tasks/${id}`, 'DELETE /api/tasks/ID', id, 200],
  ['POST', `/api/tasks/${id}/cancel/`, 'cancel', id, 409],
  ['POST', '/api/tasks/bulk/', 'POST /api/tasks/bulk', undefined, 200],
])(
  '%s %s is logged in one line: actor, action, task and response status',
  async (method, path, action, task, status) => {
    const [line, ...more] = await logged(method, path);
    expect(more).toEqual([]);
    expect(line?.audit).toMatchObject({ actor: 'a1', actorName: 'alice', key: '0123abcd', action, status });
    expect(line?.audit['task']).toBe(task);
    expect(line?.msg).toContain(`alice: ${action}`);
  },
);

test('reads, tickets for reading and requests without sign-in are not logged', async () => {
  expect(await logged('GET', '/api/tasks/')).toEqual([]);
  expect(await logged('POST', '/api/ws-ticket/')).toEqual([]);
  expect(await logged('POST', '/api/tasks/', false)).toEqual([]);
});

test('an action on many tasks is logged in one line per task, refused or not', async () => {
  const lines: Line[] = [];
  const logger = pino(
    { level: 'info' },
    { write: (line: string) => void lines.push(JSON.parse(line) as Line) },
  );
  const app = new OpenAPIHono<ApiEnv>({ strict: false });
  app.use(async (c, next) => {
    c.set('principal', alice);
    await next();
  });
  const bulk: Pick<BulkService, 'act'> = {
    async act(_actor, _action, _ids, _filter, onOutcome) {
      const outcomes = [
        { value: { status: 202 } },
        { error: new AppError('wrong_state', 'It has ended') },
      ] as const;
      for (const [index, one] of outcomes.entries()) onOutcome(one, index);
    },
  };
  const tasks = { bulk } as unknown as ApiDependencies['tasks'];
  const nothing = () => undefined;
  bulkRoutes(app, { tasks, onTaskWritten: nothing, onTaskDeleted: nothing, logger });
  const other = '6bb2a102-cc8f-401b-a395-3243464ca176';
  const response = await app.request('/api/tasks/actions/', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ action: 'cancel', ids: [id, other] }),
  });
  expect(response.status).toBe(207);
  expect(lines.map(({ audit }) => audit)).toMatchObject([
    { actor: 'a1', action: 'cancel', task: id, status: 202 },
    { actor: 'a1', action: 'cancel', task: other, status: 409 },
  ]);
});
