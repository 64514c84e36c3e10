/** The fields of a form, read from a JSON Schema (draft 2020-12, as zod writes it). */
import { unescapeKey } from '../../../lib/pointer.ts';

export type Schema = Readonly<Record<string, unknown>>;
export type Scalar = string | number | boolean | null;

interface Common {
  readonly label: string;
  readonly hint: string;
  readonly isRequired: boolean;
  /** Default that the service uses if the value is left out. */
  readonly fallback: unknown;
}

export type Field = Common &
  (
    | { readonly kind: 'text'; readonly isLong: boolean; readonly maxLength: number | undefined }
    | { readonly kind: 'number'; readonly isWhole: boolean; readonly range: string }
    | { readonly kind: 'flag' }
    | { readonly kind: 'choice'; readonly options: readonly Scalar[] }
    | { readonly kind: 'list'; readonly item: Field }
    | { readonly kind: 'rows' }
    | { readonly kind: 'group'; readonly fields: ReadonlyMap<string, Field> }
    /** Anything that no other kind of field can hold. */
    | { readonly kind: 'json' }
  );

const longNames = /body|csv|text|content|script|query|template|description/i;
const longLength = 300;
/** Maximum depth of nested fields, since a schema can refer to itself. Deeper ones are entered as JSON. */
const deepest = 5;

/** @param root schema that `$ref`s point into */
export function fieldOf(schema: Schema, name = '', isRequired = true, root = schema, depth = 0): Field {
  const resolved = resolve(schema, root);
  const common: Common = {
    label: textOf(resolved['title']) ?? name,
    hint: textOf(resolved['description']) ?? '',
    isRequired: isRequired && !Object.hasOwn(resolved, 'default'),
    fallback: resolved['default'],
  };
  const options = optionsOf(resolved);
  if (options) return { ...common, kind: 'choice', options };
  if (depth >= deepest) return { ...common, kind: 'json' };
  switch (resolved['type']) {
    case 'string':
      return { ...common, kind: 'text', ...lengthOf(resolved, name) };
    case 'number':
    case 'integer':
      return { ...common, kind: 'number', isWhole: resolved['type'] === 'integer', range: rangeOf(resolved) };
    case 'boolean':
      return { ...common, kind: 'flag' };
    case 'array':
      return { ...common, ...listOf(resolved, root, depth) };
    case 'object':
      return { ...common, ...objectOf(resolved, root, depth) };
    default:
      return { ...common, kind: 'json' };
  }
}

function listOf(schema: Schema, root: Schema, depth: number) {
  const item = fieldOf(asSchema(schema['items']), 'Item', true, root, depth + 1);
  const isSimple = item.kind === 'text' || item.kind === 'number' || item.kind === 'choice';
  return isSimple ? ({ kind: 'list', item } as const) : ({ kind: 'json' } as const);
}

function objectOf(schema: Schema, root: Schema, depth: number) {
  const properties = Object.entries(asSchema(schema['properties']));
  if (properties.length > 0 || schema['additionalProperties'] === false) {
    const required = new Set(Array.isArray(schema['required']) ? schema['required'] : []);
    const fields = properties.map(
      ([name, of]) => [name, fieldOf(asSchema(of), name, required.has(name), root, depth + 1)] as const,
    );
    return { kind: 'group', fields: new Map(fields) } as const;
  }
  const value = resolve(asSchema(schema['additionalProperties']), root);
  // If values can be texts or something else, rows are for the texts: an object with others is shown as JSON.
  const either: unknown[] = Array.isArray(value['anyOf']) ? value['anyOf'] : [value];
  const isText = either.some((one) => isAnyText(resolve(asSchema(one), root)));
  return isText ? ({ kind: 'rows' } as const) : ({ kind: 'json' } as const);
}

function isAnyText(schema: Schema): boolean {
  return schema['type'] === 'string' && !optionsOf(schema);
}

/** Returns the options of an enum, a const, or a union of these. */
function optionsOf(schema: Schema): readonly Scalar[] | undefined {
  if (Object.hasOwn(schema, 'const')) return isScalar(schema['const']) ? [schema['const']] : undefined;
  const values = schema['enum'];
  if (Array.isArray(values)) return values.length > 0 && values.every(isScalar) ? values : undefined;
  const either = schema['anyOf'] ?? schema['oneOf'];
  if (!Array.isArray(either) || either.length === 0) return undefined;
  const each = either.map((one) => optionsOf(asSchema(one)));
  return each.every((options) => options !== undefined) ? each.flat() : undefined;
}

function lengthOf(schema: Schema, name: string) {
  const maxLength = typeof schema['maxLength'] === 'number' ? schema['maxLength'] : undefined;
  // A URL, path or name may be long, but is still one line.
  const isLine = schema['format'] !== undefined || /(ur[il]|file|path|name)$/i.test(name);
  const isLong = !isLine && (longNames.test(name) || (maxLength !== undefined && maxLength > longLength));
  return { isLong, maxLength };
}

/** Describes the range of a number. Leaves out the safe-integer bounds that zod gives to every integer. */
function rangeOf(schema: Schema): string {
  const bound = (name: string): number | undefined => {
    const value = schema[name];
    return typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : undefined;
  };
  const [least, most] = [bound('minimum'), bound('maximum')];
  const [above, below] = [bound('exclusiveMinimum'), bound('exclusiveMaximum')];
  if (least !== undefined && most !== undefined) return `${least} to ${most}`;
  const low = least === undefined ? above !== undefined && `more than ${above}` : `${least} or more`;
  const high = most === undefined ? below !== undefined && `less than ${below}` : `${most} or less`;
  return [low, high].filter((part) => part !== false).join(', ');
}

function resolve(schema: Schema, root: Schema, hops = 0): Schema {
  const reference = schema['$ref'];
  if (typeof reference !== 'string' || !reference.startsWith('#') || hops > 10) return schema;
  const { $ref: _reference, ...beside } = schema;
  return { ...resolve(at(root, reference.slice(1)), root, hops + 1), ...beside };
}

function at(root: Schema, pointer: string): Schema {
  const path = pointer.split('/').slice(1);
  return path.reduce((inner: Schema, key) => {
    const name = unescapeKey(decodeURIComponent(key));
    return Object.hasOwn(inner, name) ? asSchema(inner[name]) : {};
  }, root);
}

function asSchema(value: unknown): Schema {
  return isObject(value) ? value : {};
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
