/** Reads results, which are data of any shape: an expected field may be missing. */

export type Fields = ReadonlyMap<string, unknown>;

/**
 * Returns the fields of an object, undefined for anything else. A column may be called `__proto__`, so only own
 * fields count.
 */
export function fieldsOf(value: unknown): Fields | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return new Map(Object.entries(value));
}

export function numberIn(fields: Fields, name: string): number | undefined {
  const value = fields.get(name);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export function textIn(fields: Fields, name: string): string | undefined {
  const value = fields.get(name);
  return typeof value === 'string' ? value : undefined;
}

export function listIn(fields: Fields, name: string): readonly unknown[] {
  const value = fields.get(name);
  return Array.isArray(value) ? value : [];
}

/** Returns the texts of a list; what else it has is left out. */
export function textsIn(fields: Fields, name: string): string[] {
  return listIn(fields, name).filter((item) => typeof item === 'string');
}

/** Returns an instant as the service writes it, in UTC, in milliseconds since 1970. */
export function instantIn(fields: Fields, name: string): number | undefined {
  const text = textIn(fields, name);
  const at = text?.endsWith('Z') === true ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

export type Scalar = string | number | boolean;

export function scalarOf(value: unknown): Scalar | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : undefined;
}
