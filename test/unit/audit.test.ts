import { pino } from 'pino';
import { expect, test } from 'vitest';
import {
  createRouteTable,
  type RouteDependencies,
  type RouteTable,
  signedInRoute,
} from '../../src/api/route.ts';
import { bulkRoutes } from '../../src/api/routes/bulk.ts';
import { AppError } from '../../src/contract/errors.ts';
import type { BulkService } from '../../src/tasks/bulk.ts';
import { appOf } from '../support/app.ts';

const id = '6bb2a102-cc8f-401b-a395-3243464ca175';

interface Line {
  readonly msg: string;
  readonly audit: Record<string, unknown>;
}

function logTo(lines: Line[]) {
  return pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line) as Line) });
}

const responses = { 200: { description: 'Done.' }, 201: { description: 'Created.' } };

function addRoutes(routes: RouteTable): void {
  const create = signedInRoute({ method: 'post', path: '/api/tasks', responses });
  routes.add(create, (c) => c.json({}, 201, { Location: `/api/tasks/${id}/` }));
  for (const method of ['get', 'patch', 'delete'] as const)
    routes.add(signedInRoute({ method, path: '/api/tasks/{id}', responses }), (c) => c.body(null, 200));
  const rules = { action: 'cancel' };
  routes.add(signedInRoute({ method: 'post', path: '/api/tasks/{id}/cancel', rules, responses }), () => {
    throw new AppError('wrong_state', 'It has ended');
  });
  const start = { method: 'post', path: '/api/tasks/{id}/start', rules: { action: 'run-now' } } as const;
  routes.add(signedInRoute({ ...start, responses }), (c) => c.body(null, 200));
  routes.add(signedInRoute({ method: 'post', path: '/api/tasks/bulk', responses }), (c) => c.body(null, 200));
  const ticket = signedInRoute({
    method: 'post',
    path: '/api/ws-ticket',
    rules: { scope: 'read' },
    responses,
  });
  routes.add(ticket, (c) => c.body(null, 200));
}

/** Returns the log lines of a request by alice, or by a caller who is not signed in. */
async function logged(method: string, path: string, signedIn = true): Promise<Line[]> {
  const lines: Line[] = [];
  const routes = createRouteTable();
  addRoutes(routes);
  const headers = { 'Content-Type': 'application/json', ...(signedIn ? { Authorization: 'Bearer x' } : {}) };
  const body = method === 'PATCH' ? '{}' : null;
  await appOf(routes, logTo(lines)).request(path, { method, headers, body });
  return lines;
}

test.each([
  ['POST', '/api/tasks/', 'POST /api/tasks', id, 201],
  ['PATCH', `/api/tasks/${id}/`, 'PATCH /api/tasks/ID', id, 200],
  ['DELETE', `/api/tasks/${id}`, 'DELETE /api/tasks/ID', id, 200],
  ['POST', `/api/tasks/${id}/cancel/`, 'cancel', id, 409],
  ['POST', `/api/tasks/${id}/start`, 'run-now', id, 200],
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

test('an action on many tasks is logged in one line per task, rejected or not', async () => {
  const lines: Line[] = [];
  const logger = logTo(lines);
  const bulk: Pick<BulkService, 'act'> = {
    async act(_actor, _action, _ids, _filter, onOutcome) {
      const outcomes = [
        { value: { status: 202 } },
        { error: new AppError('wrong_state', 'It has ended') },
      ] as const;
      for (const [index, one] of outcomes.entries()) onOutcome(one, index);
    },
  };
  const tasks = { bulk } as unknown as RouteDependencies['tasks'];
  const nothing = () => undefined;
  const routes = createRouteTable();
  bulkRoutes(routes, { tasks, onTaskWritten: nothing, onTaskDeleted: nothing, rate: undefined, logger });
  const other = '6bb2a102-cc8f-401b-a395-3243464ca176';
  const response = await appOf(routes, logger).request('/api/tasks/actions/', {
    method: 'POST',
    headers: { Authorization: 'Bearer x', 'Content-Type': 'application/json' },
    body: JSON.stringify({ action: 'cancel', ids: [id, other] }),
  });
  expect(response.status).toBe(207);
  expect(lines.map(({ audit }) => audit)).toMatchObject([
    { actor: 'a1', action: 'cancel', task: id, status: 202 },
    { actor: 'a1', action: 'cancel', task: other, status: 409 },
    { actor: 'a1', action: 'POST /api/tasks/actions', status: 207 },
  ]);
});

test('the path of a line is as it was sent: decoded, it could forge a line on a terminal', async () => {
  const [line] = await logged('POST', '/api/tasks/%1b[2J%0aeve/');
  expect(line?.msg).toBe('alice: POST /api/tasks/%1b[2J%0aeve → 405');
});
