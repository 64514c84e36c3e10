import { createHash } from 'node:crypto';
import { AppError } from '../contract/errors.ts';

/** Returns a digest that is the same for requests with the same meaning. */
export function digest(request: object): string {
  return createHash('sha256').update(canonical(request)).digest('hex');
}

export function keyReused(): AppError {
  return new AppError('key_reused', 'This Idempotency-Key was used before with another body.');
}

/**
 * Returns the JSON of a value with the members of its objects in a fixed order, since theirs has no meaning. Keys that are
 * whole numbers come first, by size, as they do in every object: stored digests were made from such objects. Builds the
 * text alone: a copy of an object with thousands of keys would take many times as long.
 */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  const sorted = members.toSorted(([a], [b]) => compareKeys(a, b));
  return `{${sorted.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`;
}

function compareKeys(a: string, b: string): number {
  const [first, second] = [indexOf(a), indexOf(b)];
  if (first !== second) return first - second;
  return a < b ? -1 : 1;
}

/** Maximum index of an array, from which on a number is a key like any other. */
const maxIndex = 2 ** 32 - 2;

/** Returns the number that a key is, or a larger one for other keys. */
function indexOf(key: string): number {
  const index = /^(0|[1-9]\d{0,9})$/.test(key) ? Number(key) : Infinity;
  return index <= maxIndex ? index : maxIndex + 1;
}
