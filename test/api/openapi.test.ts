/** The document describes what the service does: routes, statuses, shapes. */
import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { problem } from '../../src/contract/problem.ts';
import { task, taskStatusView, taskSummary } from '../../src/contract/task.ts';
import type { Caller } from '../support/caller.ts';
import { anonymously, useService } from '../support/service.ts';

const content = z.record(z.string(), z.looseObject({ schema: z.looseObject({}) }));
const response = z.looseObject({ description: z.string().min(3), content: content.optional() });
const operation = z.object({
  summary: z.string().min(5),
  tags: z.array(z.string()).min(1),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z
    .array(
      z.looseObject({
        name: z.string(),
        in: z.enum(['path', 'query', 'header']),
        required: z.boolean().optional(),
      }),
    )
    .optional(),
  requestBody: z.object({ required: z.boolean(), content }).optional(),
  responses: z.record(
    z.string().regex(/^[2-5]\d\d$/),
    z.union([z.strictObject({ $ref: z.string().startsWith('#/components/responses/') }), response]),
  ),
});
const methods = z.enum(['get', 'put', 'post', 'delete', 'patch']);
const openApi = z.looseObject({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.looseObject({ title: z.string().min(1), version: z.string().min(1) }),
  paths: z.record(z.string().regex(/^\/\S*$/), z.partialRecord(methods, operation)),
  components: z.looseObject({
    schemas: z.record(z.string().regex(/^[\w.-]+$/), z.looseObject({})),
    responses: z.record(z.string(), response),
    headers: z.record(z.string(), z.looseObject({ description: z.string().min(5) })),
    securitySchemes: z.record(z.string(), z.looseObject({ type: z.enum(['http', 'apiKey']) })),
  }),
});
type OpenApi = z.infer<typeof openApi>;

const service = useService();
let alice: Caller;
let document: OpenApi;

beforeAll(async () => {
  alice = await service.as('alice');
  const { status, headers, body } = await anonymously(service, 'GET', '/openapi.json');
  expect(status).toBe(200);
  expect(headers.get('Content-Type')).toMatch(/^application\/json/);
  document = openApi.parse(body);
});

const operations = () =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );

/** Returns a documented response, following its reference if it is one. */
function resolved(answer: z.infer<typeof response> | { $ref: string }): z.infer<typeof response> {
  if (!('$ref' in answer)) return response.parse(answer);
  return response.parse(document.components.responses[String(answer.$ref).replace(/^.*\//, '')]);
}

/** Yields every object in the document, with its path. */
function* objects(value: unknown, at = '#'): Generator<[string, Record<string, unknown>]> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield [at, value as Record<string, unknown>];
  for (const [key, member] of Object.entries(value)) yield* objects(member, `${at}/${key}`);
}

test('the document is OpenAPI 3.1: references resolve, path parameters are declared, nothing of 3.0 is left', () => {
  const { schemas, responses, headers } = document.components;
  const targetsKnown = [
    ...Object.keys(schemas).map((name) => `#/components/schemas/${name}`),
    ...Object.keys(responses).map((name) => `#/components/responses/${name}`),
    ...Object.keys(headers).map((name) => `#/components/headers/${name}`),
  ];
  for (const [at, object] of objects(document)) {
    if (at.includes('/example')) continue;
    const { $ref, type } = object;
    const targets = typeof $ref === 'string' ? [$ref] : [];
    expect(targetsKnown, at).toEqual(expect.arrayContaining(targets));
    expect(object, at).not.toHaveProperty('nullable');
    expect(object['exclusiveMinimum'], at).not.toBeTypeOf('boolean');
    const types = at.endsWith('/properties') ? [] : [type].flat().filter((each) => typeof each === 'string');
    const known = ['string', 'number', 'integer', 'boolean', 'array', 'object', 'null', 'http', 'apiKey'];
    for (const each of types) expect(known, at).toContain(each);
  }
  for (const { path, method, operation } of operations()) {
    const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
    const used = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(
      declared.map(({ name }) => name),
      `${method} ${path}`,
    ).toEqual(used);
    for (const { required } of declared) expect(required).toBe(true);
    for (const [scheme] of (operation.security ?? []).flatMap((each) => Object.entries(each))) {
      expect(document.components.securitySchemes).toHaveProperty(scheme);
    }
    // 431 comes from the HTTP server itself, without a body.
    const rejections = Object.entries(operation.responses).filter(
      ([status]) => Number(status) >= 400 && status !== '431',
    );
    for (const [status, answer] of rejections) {
      const { content } = resolved(answer);
      expect(Object.keys(content ?? {}), `${method} ${path} ${status}`).toEqual(['application/problem+json']);
    }
  }
});

test('the document has every route of the API', () => {
  const known = operations().map(({ path, method }) => `${method.toUpperCase()} ${path}`);
  expect(known).toEqual(
    expect.arrayContaining([
      'POST /api/token',
      'POST /api/token/refresh',
      'POST /api/token/blacklist',
      'POST /api/ws-ticket',
      'POST /api/session',
      'GET /api/session',
      'DELETE /api/session',
      'POST /api/tasks',
      'GET /api/tasks',
      'GET /api/tasks/{id}',
      'PUT /api/tasks/{id}',
      'PATCH /api/tasks/{id}',
      'DELETE /api/tasks/{id}',
      'GET /api/tasks/{id}/status',
      'GET /tasks/{id}/status',
      ...['cancel', 'pause', 'resume', 'run-now', 'retry'].map((verb) => `POST /api/tasks/{id}/${verb}`),
      'GET /api/overview',
      'GET /api/task-types',
      'GET /healthz',
      'GET /readyz',
    ]),
  );
  expect(new Set(known).size).toBe(known.length);
});

test('only the sign-in and health routes are documented as open, and all others document 401', () => {
  for (const { path, method, operation } of operations()) {
    const open = ['/api/token', '/api/token/refresh', '/api/token/blacklist', '/healthz', '/readyz'];
    const isOpen = open.includes(path) || (path === '/api/session' && method === 'post');
    expect(operation.security?.length === 0, `${method} ${path}`).toBe(isOpen);
    expect(isOpen || '401' in operation.responses, `${method} ${path}`).toBe(true);
  }
});

test('the document has every status and content type that the routes answer with', async () => {
  const bob = await service.as('bob');
  const open = await alice.create({ name: 'open', delay: 3600 });
  const { id } = await alice.create({ name: 'done', delay: 0 });
  const done = await alice.until(id, 'its end', ({ status }) => status === 'COMPLETED');
  const seen = new Map<string, Set<number>>();
  const undocumented: string[] = [];

  async function ask(
    caller: Caller | undefined,
    method: string,
    route: string,
    id: string,
    body?: unknown,
    headers = {},
  ) {
    const address = route.replace('{id}', id);
    const [path = '', query = ''] = address.split('?');
    const url = `${path}/${query === '' ? '' : `?${query}`}`;
    const answer = caller
      ? await caller.call(method, url, body, headers)
      : await anonymously(service, method, url, body, headers);
    const key = `${method} ${route.split('?')[0]}`;
    const operation = operations().find((each) => `${each.method.toUpperCase()} ${each.path}` === key);
    const described = operation?.operation.responses[String(answer.status)];
    const found = described && resolved(described);
    seen.set(key, (seen.get(key) ?? new Set()).add(answer.status));
    const type = answer.headers.get('Content-Type')?.split(';')[0];
    const documented =
      found && (type === undefined ? found.content === undefined : found.content?.[type] !== undefined);
    if (!documented) undocumented.push(`${key}: ${answer.status} ${type}`);
    return answer;
  }

  const routes = operations().map(({ path, method, operation }) => ({
    path,
    method: method.toUpperCase(),
    operation,
  }));
  for (const { path, method, operation } of routes) {
    const isTask = path.includes('{id}');
    await ask(undefined, method, path, open.id);
    if (isTask) await ask(bob, method, path, open.id, operation.requestBody && { name: 'n', delay: 60 });
    if (method === 'GET' || method === 'DELETE') continue;
    // Invalid bodies, on routes that take none as well.
    await ask(alice, method, path, randomUUID(), [], {});
    await ask(alice, method, path, randomUUID(), {}, { 'Content-Type': 'text/plain' });
    await ask(alice, method, path, randomUUID(), { large: 'x'.repeat(1024 * 1024) });
    if (operation.requestBody) await ask(alice, method, path, open.id, { nonsense: true });
  }
  const credentials = { username: service.users.alice.name, password: service.users.alice.password };
  const { body: tokens } = await ask(undefined, 'POST', '/api/token', '', credentials);
  await ask(undefined, 'POST', '/api/token', '', { ...credentials, password: 'wrong' });
  await ask(undefined, 'POST', '/api/token/refresh', '', { refresh: tokens['refresh'] });
  await ask(undefined, 'POST', '/api/token/refresh', '', { refresh: 'x' });
  for (let i = 0; i < 2; i += 1)
    await ask(undefined, 'POST', '/api/token/blacklist', '', { refresh: tokens['refresh'] });
  await ask(alice, 'POST', '/api/ws-ticket', '');
  const key = { 'Idempotency-Key': randomUUID() };
  await ask(alice, 'POST', '/api/tasks', '', { name: 'n', delay: 3600 }, key);
  await ask(alice, 'POST', '/api/tasks', '', { name: 'm', delay: 3600 }, key);
  for (const query of ['', '?limit=0', '?cursor=x']) await ask(alice, 'GET', `/api/tasks${query}`, '');
  for (const path of ['/api/overview', '/api/overview?x=1', '/api/task-types', '/healthz', '/readyz'])
    await ask(alice, 'GET', path, '');
  for (const path of ['/api/tasks/{id}', '/api/tasks/{id}/status', '/tasks/{id}/status'])
    await ask(alice, 'GET', path, open.id);
  for (const method of ['PUT', 'PATCH']) {
    await ask(alice, method, '/api/tasks/{id}', open.id, { name: 'n', delay: 3600 });
    await ask(alice, method, '/api/tasks/{id}', open.id, { name: 'n', delay: 3600 }, { 'If-Match': '"x"' });
    await ask(alice, method, '/api/tasks/{id}', done.id, { name: 'n', delay: 3600 });
  }
  for (const verb of ['pause', 'resume', 'run-now', 'cancel'])
    await ask(alice, 'POST', `/api/tasks/{id}/${verb}`, done.id);
  for (const verb of ['pause', 'resume', 'run-now', 'cancel'])
    await ask(alice, 'POST', `/api/tasks/{id}/${verb}`, open.id, undefined, { 'If-Match': '"x"' });
  await ask(alice, 'DELETE', '/api/tasks/{id}', open.id, undefined, { 'If-Match': '"x"' });
  for (const verb of ['retry', 'pause', 'resume', 'cancel', 'retry'])
    await ask(alice, 'POST', `/api/tasks/{id}/${verb}`, open.id);
  await ask(alice, 'DELETE', '/api/tasks/{id}', open.id);

  const statusesOf = (key: string): number[] => [...(seen.get(key) ?? [])].toSorted((a, b) => a - b);
  expect(undocumented).toEqual([]);
  // Proves that the checks above saw successes and rejections of every kind.
  expect(statusesOf('POST /api/token/blacklist')).toEqual([200, 400, 401, 413, 415]);
  expect(statusesOf('POST /api/tasks')).toEqual([201, 400, 401, 413, 415, 422]);
  expect(statusesOf('PATCH /api/tasks/{id}')).toEqual([200, 400, 401, 404, 409, 412, 413, 415]);
  expect(statusesOf('POST /api/tasks/{id}/retry')).toEqual([200, 400, 401, 404, 409, 413, 415]);
});

test('responses have the documented shapes, and no other members', async () => {
  const { id } = await alice.create({ name: 'shape', delay: 0, tags: ['a'], description: 'd' });
  const done = await alice.until(id, 'its end', ({ status }) => status === 'COMPLETED');
  const failing = {
    name: 'fails',
    type: 'flaky',
    delay: 0,
    payload: { failures: 9 },
    retry: { max_retries: 0 },
  };
  const failed = await alice.create(failing);
  const ended = await alice.until(failed.id, 'its end', ({ status }) => status === 'FAILED');
  const created = await alice.create({ name: 'waits', delay: 3600 });
  for (const each of [done, ended, created]) {
    expect(task.strict().parse(each)).toEqual(each);
    const { body } = await alice.call('GET', `/api/tasks/${each.id}/status/`);
    expect(taskStatusView.strict().parse(body)).toEqual(body);
  }
  expect(ended.attempts).toMatchObject([{ outcome: 'failed', error: { type: 'Flaky' } }]);
  const { body: list } = await alice.call<unknown[]>('GET', '/api/tasks/');
  expect(list.length).toBeGreaterThan(0);
  expect(z.array(taskSummary.strict()).parse(list)).toEqual(list);
  const { body: rejection } = await alice.call('POST', '/api/tasks/', {});
  expect(problem.parse(rejection)).toEqual(rejection);
});

test('the document has the limits and defaults of the fields of a new task', () => {
  const { properties, required, additionalProperties } = z
    .looseObject({
      properties: z.record(z.string(), z.looseObject({})),
      required: z.array(z.string()),
      additionalProperties: z.literal(false),
    })
    .parse(document.components.schemas['CreateTask']);
  expect(required).toEqual(['name']);
  expect(additionalProperties).toBe(false);
  expect(properties).toMatchObject({
    name: { type: 'string', maxLength: 200 },
    scheduled_time: { type: 'string', format: 'date-time' },
    type: { default: 'process-data' },
    priority: { type: 'integer', minimum: 1, maximum: 5, default: 3 },
    tags: { type: 'array', maxItems: 10 },
    status: { readOnly: true },
    id: { readOnly: true },
  });
});

test('/api/task-types lists built-in and custom task types, with JSON Schemas of their payloads', async () => {
  type TaskType = { name: string; description: string; payload: Record<string, unknown> };
  const { status, body } = await alice.call<TaskType[]>('GET', '/api/task-types/');
  expect(status).toBe(200);
  const byName = new Map(body.map((each) => [each.name, each]));
  expect([...byName.keys()]).toEqual(expect.arrayContaining(['process-data', 'http-request', 'echo']));
  for (const { description, payload } of body) {
    expect(description.length).toBeGreaterThan(5);
    expect(payload).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
    });
  }
  expect(byName.get('process-data')?.payload['properties']).toMatchObject({ rows: {}, csv: {}, file: {} });
  expect(byName.get('http-request')?.payload).toMatchObject({
    required: ['url'],
    properties: { url: {}, method: {} },
  });
});
