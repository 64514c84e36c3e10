/** The document by the rules of its standards. openapi.test.ts compares it with the service. */
import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, test } from 'vitest';
import { anonymously, useService } from '../support/service.ts';

type Json = Record<string, unknown>;
interface Document {
  readonly info: { readonly description: string };
  readonly paths: Record<string, Record<string, Json>>;
  readonly components: Record<'schemas' | 'responses', Record<string, Json>>;
}

const service = useService();
let document: Document;

beforeAll(async () => {
  document = (await anonymously<Document>(service, 'GET', '/openapi.json')).body;
});

test('the OpenAPI document conforms to the official schema of OpenAPI 3.1', async () => {
  const { valid, errors } = await new Validator().validate({ ...structuredClone(document) });
  expect(errors ?? []).toEqual([]);
  expect(valid).toBe(true);
});

test('the OpenAPI document is the one in openapi.json, which `npm run openapi` writes', () => {
  // The service of the tests has its own task types, which the document does not name.
  expect(document).toEqual(JSON.parse(readFileSync('openapi.json', 'utf8')));
});

/** Yields every object of the document except examples, with its path. */
function* schemas(value: unknown, at = '#'): Generator<[string, Json]> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield [at, { ...value }];
  for (const [key, member] of Object.entries(value)) {
    if (key !== 'example' && key !== 'examples') yield* schemas(member, `${at}/${key}`);
  }
}

describe('generators of clients understand the OpenAPI document', () => {
  test('no schema has two types, unless one of them is null and the other a scalar', () => {
    const unclear = [...schemas(document)].filter(([, { type }]) => {
      if (!Array.isArray(type)) return false;
      const others = type.filter((one) => one !== 'null');
      return others.length !== 1 || others[0] === 'object' || others[0] === 'array';
    });
    expect(unclear).toEqual([]);
  });

  test('each alternative has a name, and none is a mere condition such as "one of these two is required"', () => {
    const unclear = [...schemas(document)].flatMap(([at, { anyOf, oneOf, allOf, not }]) => {
      const alternatives = [anyOf, oneOf, allOf].flatMap((one) => (one as Json[] | undefined) ?? []);
      const isNamed = ({ $ref, type }: Json): boolean => $ref !== undefined || type === 'null';
      return alternatives.every(isNamed) && not === undefined ? [] : [at];
    });
    expect(unclear).toEqual([]);
  });

  test('a component is not null itself: where it can be missing, null is beside the reference', () => {
    const nullable = Object.entries(document.components.schemas).filter(([, { type }]) =>
      [type].flat().includes('null'),
    );
    expect(nullable.map(([name]) => name)).toEqual([]);
  });

  test('a request without input has no body: some clients would send null for one', () => {
    const operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, { requestBody }]) => ({ path, method, requestBody })),
    );
    const withBody = operations.filter(({ requestBody }) => requestBody !== undefined);
    expect(withBody.length).toBeGreaterThan(5);
    for (const { path, requestBody } of withBody) {
      const json = JSON.stringify(requestBody);
      expect(json, path).toContain('#/components/schemas/');
      expect(json, path).not.toContain('"properties":{}');
    }
  });

  test('every operation says what credentials it needs: none is an empty list', () => {
    for (const [path, item] of Object.entries(document.paths)) {
      for (const [method, { security }] of Object.entries(item))
        expect(security, `${method} ${path}`).toBeInstanceOf(Array);
    }
  });
});

test('the document describes the requests that are rejected for their shape alone', () => {
  const { CreateTask, EditTask, ReplaceTask } = document.components.schemas;
  for (const schema of [CreateTask, EditTask, ReplaceTask]) {
    expect(schema).toMatchObject({
      additionalProperties: false,
      properties: {
        payload: { type: 'object' },
        tags: { uniqueItems: true, items: { pattern: expect.any(String) } },
        after: { uniqueItems: true },
      },
    });
  }
  expect(ReplaceTask).toMatchObject({ required: ['name'] });
  expect(EditTask).not.toHaveProperty('required');
});

test('every operation has a summary, a description and a unique operationId', () => {
  const operations = Object.values(document.paths).flatMap((item) => Object.values(item));
  const names = operations.map(({ operationId }) => operationId);
  expect(new Set(names).size).toBe(operations.length);
  for (const name of names) expect(name).toMatch(/^[a-z][A-Za-z]+$/);
  for (const { summary, description } of operations) {
    expect(String(summary)).toMatch(/^[A-Z].{5,}[^.]$/);
    expect(String(description), String(summary)).toMatch(/^[A-Z].{20,}\.$/s);
  }
});

test('every documented response has X-Request-Id, and on routes that count requests the RateLimit headers', () => {
  // It needs no sign-in, but counts against the account whose token it ends.
  const alsoCounts = 'post /api/token/blacklist 200';
  type Answers = Record<string, { $ref?: string; headers?: Json }>;
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, { responses, security }] of Object.entries(item)) {
      for (const [status, { $ref, headers = {} }] of Object.entries(responses as Answers)) {
        if ($ref !== undefined) continue;
        const at = `${method} ${path} ${status}`;
        expect(Object.keys(headers), at).toContain('X-Request-Id');
        expect('RateLimit' in headers && 'RateLimit-Policy' in headers, at).toBe(
          (security as unknown[]).length > 0 || at === alsoCounts,
        );
      }
    }
  }
});

test('the OpenAPI document is sent compressed and with an ETag, and is 304 for clients that have it', async () => {
  const url = `${service.url}/openapi.json`;
  const first = await fetch(url);
  expect(first.headers.get('Content-Encoding')).toBe('gzip');
  const etag = first.headers.get('ETag') ?? '';
  expect(etag).toMatch(/^"[\w-]+"$/);
  expect((await fetch(url, { headers: { 'If-None-Match': etag } })).status).toBe(304);
  const head = await fetch(url, { method: 'HEAD' });
  expect(head.status).toBe(200);
  expect(await head.text()).toBe('');
});

/** Yields every value that has a schema or examples, with its path. */
function* withExamples(value: unknown, at = '#'): Generator<[string, Json]> {
  if (typeof value !== 'object' || value === null) return;
  if ('schema' in value || 'examples' in value) yield [at, { ...value }];
  for (const [key, member] of Object.entries(value)) yield* withExamples(member, `${at}/${key}`);
}

describe('the examples in the OpenAPI document', () => {
  const ajv = (): Ajv2020 => {
    const checker = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
    checker.addSchema({ $id: 'https://taskbell.test/openapi.json', ...document });
    return checker;
  };
  const schemaAt = (pointer: string) => ({ $ref: `https://taskbell.test/openapi.json#/${pointer}` });

  test('are valid by their own schemas', () => {
    const checker = ajv();
    let checked = 0;
    const faults: string[] = [];
    const check = (at: string, schema: object, example: unknown): void => {
      checked += 1;
      if (!checker.validate(schema, example)) faults.push(`${at}: ${checker.errorsText()}`);
    };
    for (const [name, { examples = [] }] of Object.entries(document.components.schemas)) {
      for (const example of examples as unknown[])
        check(name, schemaAt(`components/schemas/${name}`), example);
    }
    for (const [at, { schema, example, examples = {} }] of withExamples(document)) {
      if (!schema) continue;
      const all = Object.values(examples as Record<string, Json>).map(({ value }) => value);
      for (const one of example === undefined ? all : [example, ...all]) {
        // References are relative to the document's root.
        check(
          at,
          JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"https://taskbell.test/openapi.json#/')),
          one,
        );
      }
    }
    expect(faults).toEqual([]);
    expect(checked).toBeGreaterThan(40);
  });

  test('show a new task in the response to its creation', () => {
    const example = { status: 'SCHEDULED', attempts: [], result: null, version: 1 };
    expect(document.paths['/api/tasks']?.['post']).toMatchObject({
      responses: { 201: { content: { 'application/json': { example } } } },
    });
  });

  test('exist for every request and response body', () => {
    const named = new Set(
      Object.entries(document.components.schemas).flatMap(([name, { examples }]) => (examples ? [name] : [])),
    );
    const lacking = [...withExamples(document.paths)].flatMap(([at, { schema, example, examples }]) => {
      const { $ref, items } = (schema ?? {}) as { $ref?: string; items?: { $ref?: string } };
      const isBody = at.includes('/content/application~1json') || at.includes('/content/application/json');
      const name = ($ref ?? items?.$ref ?? '').replace(/^.*\//, '');
      const own = example ?? examples ?? (schema as Json)['examples'];
      return !isBody || named.has(name) || own ? [] : [at];
    });
    expect(lacking).toEqual([]);
  });
});
