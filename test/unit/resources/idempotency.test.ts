import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digest } from '../../../src/resources/idempotency.ts';

/** Sorts the members of objects as the digests of stored tasks were made. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, member]) => [key, sorted(member)]));
}

test('a digest of a request is that of its JSON with sorted members, as tasks of earlier versions have it', () => {
  const key = fc.oneof(
    fc.string(),
    fc.nat().map(String),
    fc.constantFrom('4294967294', '4294967295', '00', '-1'),
  );
  const value = fc
    .jsonValue()
    .chain((inner) => fc.dictionary(key, fc.constantFrom(inner, undefined, [inner, { b: 1, a: inner }])));
  fc.assert(
    fc.property(value, (request) => {
      fc.pre(!JSON.stringify(request).includes('__proto__'));
      const expected = createHash('sha256')
        .update(JSON.stringify(sorted(request)))
        .digest('hex');
      expect(digest(request)).toBe(expected);
    }),
  );
});
