import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createTaskTypes } from '../../../activities/types/index.ts';
import { type Field, fieldOf, type Schema } from '../../../src/dashboard/forms/schema/schema.ts';

/** Returns a schema as GET /api/task-types/ has it. */
function asServed(payload: z.ZodType): Schema {
  return z.toJSONSchema(payload, { io: 'input', unrepresentable: 'any' });
}

function fieldsOf(payload: z.ZodType) {
  const field = fieldOf(asServed(payload));
  if (field.kind !== 'group') throw new Error(`${field.kind} is not a group`);
  return Object.fromEntries(field.fields);
}

const builtIn = createTaskTypes({ dataDir: undefined, httpAllowHosts: [] });

function builtInFields(name: string) {
  const type = builtIn.get(name);
  if (!type) throw new Error(`no type ${name}`);
  return fieldsOf(type.payload);
}

test('each property of http-request has a suitable input', () => {
  expect(builtInFields('http-request')).toMatchObject({
    url: { kind: 'text', isLong: false, isRequired: true, maxLength: 8192 },
    method: { kind: 'choice', isRequired: false, fallback: 'GET' },
    headers: { kind: 'rows', isRequired: false },
    body: { kind: 'json', isRequired: false },
    expected_status: { kind: 'json', isRequired: false },
  });
});

test('the rows of process-data are JSON, and its CSV is a text of many lines', () => {
  expect(builtInFields('process-data')).toMatchObject({
    rows: { kind: 'json' },
    csv: { kind: 'text', isLong: true },
    file: { kind: 'text', isLong: false },
  });
});

function depthOf(field: Field): number {
  if (field.kind !== 'group') return 0;
  return 1 + Math.max(0, ...[...field.fields.values()].map(depthOf));
}

describe('a field', () => {
  test.each([
    ['string', z.string(), { kind: 'text', isLong: false }],
    ['body', z.string(), { kind: 'text', isLong: false }],
    ['enum', z.enum(['a', 'b']), { kind: 'choice', options: ['a', 'b'] }],
    ['const', z.literal(7), { kind: 'choice', options: [7] }],
    ['consts', z.union([z.literal('a'), z.literal(2)]), { kind: 'choice', options: ['a', 2] }],
    ['whole number', z.int().min(1).max(5), { kind: 'number', isWhole: true, range: '1 to 5' }],
    ['boundless whole number', z.int(), { kind: 'number', isWhole: true, range: '' }],
    ['positive number', z.number().positive(), { kind: 'number', isWhole: false, range: 'more than 0' }],
    ['flag', z.boolean(), { kind: 'flag' }],
    ['texts', z.array(z.string()), { kind: 'list', item: { kind: 'text' } }],
    ['numbers', z.array(z.number()), { kind: 'list', item: { kind: 'number' } }],
    ['choices', z.array(z.enum(['a'])), { kind: 'list', item: { kind: 'choice' } }],
    ['objects', z.array(z.object({})), { kind: 'json' }],
    ['record', z.record(z.string(), z.string()), { kind: 'rows' }],
    [
      'record of texts or objects',
      z.record(z.string(), z.union([z.string(), z.strictObject({ secret: z.string() })])),
      { kind: 'rows' },
    ],
    [
      'record of choices or numbers',
      z.record(z.string(), z.union([z.enum(['a']), z.number()])),
      { kind: 'json' },
    ],
    ['record of numbers', z.record(z.string(), z.number()), { kind: 'json' }],
    ['either', z.union([z.string(), z.number()]), { kind: 'json' }],
    ['nullable', z.string().nullable(), { kind: 'json' }],
    ['anything', z.unknown(), { kind: 'json' }],
    ['nothing', z.null(), { kind: 'json' }],
    ['shared', z.string().meta({ id: 'shared-text' }), { kind: 'text' }],
    ['tuple', z.tuple([z.string()]), { kind: 'json' }],
  ])('for %s', (_name, payload, expected) => {
    expect(fieldsOf(z.object({ it: payload }))['it']).toMatchObject({ isRequired: true, ...expected });
  });

  test('that has a default or is optional is not required', () => {
    const fields = fieldsOf(z.object({ a: z.string().optional(), b: z.boolean().default(true) }));
    expect(fields).toMatchObject({ a: { isRequired: false }, b: { isRequired: false, fallback: true } });
  });

  test('has the title as its label, and the description as its hint', () => {
    const fields = fieldsOf(z.object({ a: z.string().meta({ title: 'Address', description: 'Of whom' }) }));
    expect(fields['a']).toMatchObject({ label: 'Address', hint: 'Of whom' });
  });

  test('can have its own fields, but a schema within itself stops at some depth', () => {
    type Tree = { name: string; inner?: Tree | undefined };
    const tree: z.ZodType<Tree> = z.object({ name: z.string(), inner: z.lazy(() => tree).optional() });
    expect(fieldsOf(z.object({ tree }))['tree']).toMatchObject({ kind: 'group' });
    expect(depthOf(fieldOf(asServed(tree)))).toBeLessThan(10);
  });
});

test('an odd or invalid schema has a JSON field', () => {
  const odd: unknown[] = [
    {},
    { type: 'object', properties: null, additionalProperties: true },
    { enum: [] },
    { enum: [{}] },
    { anyOf: [] },
    { $ref: '#/nowhere' },
    { $ref: '#' },
    { type: 'array' },
    { type: 5 },
  ];
  for (const schema of odd) expect(fieldOf(schema as Schema).kind).toBe('json');
});
