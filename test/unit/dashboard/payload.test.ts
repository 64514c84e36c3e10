import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Draft, fittingPart, toDraft } from '../../../src/dashboard/forms/schema/draft.ts';
import {
  otherLook,
  payloadField,
  payloadOf,
  readPayload,
} from '../../../src/dashboard/forms/task/payload.ts';
import { fromDraft, pointersOf } from '../../../src/dashboard/forms/schema/read-draft.ts';
import { fieldOf } from '../../../src/dashboard/forms/schema/schema.ts';

const schema = {
  type: 'object',
  required: ['url', 'sure', 'tags'],
  properties: {
    url: { type: 'string' },
    note: { type: 'string' },
    count: { type: 'integer' },
    sure: { type: 'boolean' },
    maybe: { type: 'boolean', default: true },
    method: { type: 'string', enum: ['GET', 'POST'], default: 'GET' },
    tags: { type: 'array', items: { type: 'string' } },
    headers: { type: 'object', additionalProperties: { anyOf: [{ type: 'string' }, { type: 'object' }] } },
    limits: {
      type: 'object',
      required: ['most'],
      properties: { most: { type: 'number' }, least: { type: 'number' } },
    },
    body: {},
  },
};
const field = fieldOf(schema);

const readBack = (value: unknown) => fromDraft(field, toDraft(field, value), '/payload');

/** Returns an empty form with one field filled in. */
function filled(name: string, draft: Draft): Draft {
  const empty = toDraft(field, undefined);
  if (empty.kind !== 'group') throw new Error('not a group');
  return { ...empty, fields: new Map(empty.fields).set(name, draft) };
}

const faultsOf = (name: string, draft: Draft) =>
  fromDraft(field, filled(name, draft), '/payload').errors.filter(({ pointer }) =>
    pointer.startsWith(`/payload/${name}`),
  );

describe('a value', () => {
  test.each([
    [
      'of all kinds',
      { url: 'a', note: 'b', count: 3, sure: true, maybe: false, method: 'POST', tags: ['x'] },
    ],
    ['with empty parts', { url: '', note: '', sure: false, tags: [], headers: {} }],
    ['with rows and a group', { url: 'a', sure: true, tags: [], headers: { A: '1' }, limits: { most: 2 } }],
    [
      'with rows that are no texts',
      { url: 'a', sure: true, tags: [], headers: { A: '1', B: { secret: 'c' } } },
    ],
    [
      'with properties that the form does not know',
      { url: 'a', sure: true, tags: [], more: { deep: [1] }, other: null },
    ],
    ['with parts of the wrong types', { url: 5, sure: 'yes', tags: 'x', headers: { A: 1 }, method: 'PUT' }],
    ['that is not an object', [1, 'two']],
    ['that is null', null],
  ])('%s comes back unchanged', (_what, value) => {
    expect(readBack(value)).toEqual({ value, errors: [] });
  });

  test('with any properties comes back unchanged', () => {
    const property = fc.constantFrom(
      'url',
      'note',
      'count',
      'sure',
      'maybe',
      'headers',
      'limits',
      'body',
      'x/~y',
    );
    fc.assert(
      fc.property(fc.dictionary(property, fc.jsonValue()), (some) => {
        // As it is sent, since JSON.stringify turns -0 into 0.
        const value: unknown = JSON.parse(JSON.stringify({ url: 'a', sure: true, tags: [], ...some }));
        const { errors, value: back } = readBack(value);
        fc.pre(errors.length === 0);
        expect(back).toEqual(value);
      }),
    );
  });

  test('can have a property called __proto__, which stays one and changes nothing else', () => {
    const text =
      '{"__proto__":{"polluted":true},"headers":{"__proto__":"x"},"url":"a","sure":true,"tags":[]}';
    const { value } = readBack(JSON.parse(text));
    expect(JSON.parse(JSON.stringify(value))).toEqual(JSON.parse(text));
    expect(JSON.stringify(value)).toContain('"__proto__":{"polluted":true}');
    expect(JSON.stringify(value)).toContain('"headers":{"__proto__":"x"}');
    expect((value as { polluted?: boolean }).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('a row with the JSON of a reference to a secret', () => {
  const draft = (value: string): Draft =>
    toDraft(field, { url: 'a', sure: true, tags: [], headers: { Authorization: value } });

  test.each(['{"secret": "crm"}', ' {"secret":"crm","prefix":"Bearer "} '])('is an error: %s', (text) => {
    const message = 'Use “Edit as JSON” for a secret.';
    expect(fromDraft(field, draft(text), '/payload').errors).toEqual([
      { pointer: '/payload/headers/Authorization', message },
    ]);
    expect(otherLook(field, { mode: 'form', draft: draft(text) })).toMatchObject({ mode: 'json' });
  });

  test.each(['{"secret": 1}', '{"a": "secret"}', '{secret', 'secret'])('is unlike other text: %s', (text) => {
    expect(fromDraft(field, draft(text), '/payload').errors).toEqual([]);
  });
});

describe('the input of a field', () => {
  test('is left out if it is empty, and is an error if it is required', () => {
    expect(fromDraft(field, toDraft(field, undefined), '/payload')).toEqual({
      value: { sure: false, tags: [] },
      errors: [{ pointer: '/payload/url', message: 'This field is required.' }],
    });
  });

  test.each<[string, Draft, string, string]>([
    ['count', { kind: 'number', text: 'many' }, '/payload/count', 'Must be a number.'],
    ['count', { kind: 'number', text: '1.5' }, '/payload/count', 'Must be a whole number.'],
    ['body', { kind: 'json', text: '{"a":' }, '/payload/body', 'Not valid JSON'],
    ['body', { kind: 'json', text: 'hello' }, '/payload/body', 'quotation marks'],
    [
      'headers',
      { kind: 'rows', wasThere: false, rows: [{ name: '', value: 'x' }] },
      '/payload/headers/',
      'Enter a name.',
    ],
    [
      'headers',
      { kind: 'rows', wasThere: false, rows: ['1', '2'].map((value) => ({ name: 'a/b', value })) },
      '/payload/headers/a~1b',
      'Duplicate name.',
    ],
    [
      'tags',
      { kind: 'list', wasThere: false, items: [{ kind: 'text', text: undefined }] },
      '/payload/tags/0',
      'Fill in or remove',
    ],
  ])('for %s, %j is rejected at %s', (name, draft, pointer, words) => {
    expect(faultsOf(name, draft)).toEqual([{ pointer, message: expect.stringContaining(words) }]);
    expect(pointersOf(filled(name, draft), '/payload')).toContain(pointer);
  });

  test('in an optional group makes the required fields of that group required', () => {
    const limits = (least: string): Draft => ({
      kind: 'group',
      wasThere: false,
      rest: [],
      fields: new Map<string, Draft>([
        ['most', { kind: 'number', text: '' }],
        ['least', { kind: 'number', text: least }],
      ]),
    });
    expect(faultsOf('limits', limits(''))).toEqual([]);
    expect(faultsOf('limits', limits('1'))).toMatchObject([{ pointer: '/payload/limits/most' }]);
  });

  test('of empty rows is left out', () => {
    const draft: Draft = { kind: 'rows', wasThere: false, rows: [{ name: '', value: '' }] };
    expect(fromDraft(field, filled('headers', draft)).value).not.toHaveProperty('headers');
  });
});

describe('the JSON view of a payload', () => {
  const type = payloadField({ name: 'x', description: '', payload: schema });

  test("shows the form's value and gives it back unchanged, even with required fields left empty", () => {
    const json = otherLook(type, payloadOf(type, undefined));
    expect(json).toEqual({ mode: 'json', text: '{\n  "sure": false,\n  "tags": []\n}' });
    expect(otherLook(type, { mode: 'json', text: '{"url":"a","sure":true,"tags":[],"more":1}' })).toEqual(
      payloadOf(type, { url: 'a', sure: true, tags: [], more: 1 }),
    );
  });

  test('stays open if its text is not JSON, and reads a blank text as an empty object', () => {
    expect(otherLook(type, { mode: 'json', text: '{' })).toMatchObject({ errors: [{ pointer: '/payload' }] });
    expect(readPayload(type, { mode: 'json', text: ' ' })).toEqual({ value: {}, errors: [] });
  });

  test('of a type that takes any object reads no input as an empty object', () => {
    const loose = payloadField({ name: 'x', description: '', payload: { type: 'object' } });
    expect(readPayload(loose, payloadOf(loose, undefined))).toEqual({ value: {}, errors: [] });
  });

  test('of an unknown type accepts any value', () => {
    const unknown = payloadField(undefined);
    expect(readPayload(unknown, payloadOf(unknown, { a: 1 }))).toEqual({ value: { a: 1 }, errors: [] });
    expect(readPayload(unknown, payloadOf(unknown, undefined)).errors).toEqual([]);
  });
});

test('a change of type keeps the values that fit', () => {
  const value = JSON.parse('{"url":"a","count":"3","method":"PUT","tags":["x"],"other":1,"__proto__":2}');
  expect(fittingPart(field, value)).toEqual({ url: 'a', tags: ['x'] });
  expect(fittingPart(field, 'text')).toBeUndefined();
});
