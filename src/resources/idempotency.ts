import { createHash } from 'node:crypto';
import { AppError } from '../contract/errors.ts';

/** Returns a digest that is the same for requests with the same meaning. */
export function digest(request: object): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(request)))
    .digest('hex');
}

export function keyReused(): AppError {
  return new AppError('key_reused', 'This Idempotency-Key was used before with another body.');
}

/** Sorts the members of objects: their order has no meaning in JSON. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, member]) => [key, sorted(member)]));
}
