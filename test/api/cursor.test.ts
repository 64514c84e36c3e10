import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openCursor, sealCursor } from '../../src/api/cursor.ts';
import { AppError } from '../../src/contract/errors.ts';

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const scope = fc.string({ unit: 'binary', maxLength: 40 });
const pageToken = fc.uint8Array({ maxLength: 100 });

const rejected = (open: () => Uint8Array): boolean => {
  try {
    open();
    return false;
  } catch (error) {
    // A rejection names the parameter; anything else would be a 500.
    if (!(error instanceof AppError)) throw error;
    expect(error).toMatchObject({ code: 'validation', errors: [{ pointer: '?cursor' }] });
    return true;
  }
};

test('a cursor opens to the page token sealed in it, and needs no escaping in a URL', () => {
  fc.assert(
    fc.property(key, scope, pageToken, (key, scope, pageToken) => {
      const cursor = sealCursor(key, scope, pageToken);
      expect(encodeURIComponent(cursor)).toBe(cursor);
      expect([...openCursor(key, scope, cursor)]).toEqual([...pageToken]);
    }),
  );
});

test('a cursor is rejected for another list or with another key', () => {
  fc.assert(
    fc.property(key, key, scope, scope, pageToken, (key, otherKey, scope, otherScope, pageToken) => {
      fc.pre(scope !== otherScope && Buffer.compare(key, otherKey) !== 0);
      const cursor = sealCursor(key, scope, pageToken);
      expect(rejected(() => openCursor(key, otherScope, cursor))).toBe(true);
      expect(rejected(() => openCursor(otherKey, scope, cursor))).toBe(true);
    }),
  );
});

test('a cursor is rejected if the beginning of its page token is passed off as part of the scope', () => {
  fc.assert(
    fc.property(key, scope, scope, pageToken, (key, scope, more, rest) => {
      const long = Buffer.concat([Buffer.from(more.toWellFormed()), Buffer.from([0]), rest]);
      const mac = Buffer.from(sealCursor(key, scope, long), 'base64url').subarray(0, 16);
      const forged = Buffer.concat([mac, rest]).toString('base64url');
      expect(rejected(() => openCursor(key, `${scope}\0${more.toWellFormed()}`, forged))).toBe(true);
    }),
  );
});

test('a changed cursor is rejected, unless it still encodes the same bytes', () => {
  const edit = fc.record({ at: fc.nat(160), remove: fc.nat(4), insert: fc.string({ maxLength: 4 }) });
  fc.assert(
    fc.property(key, scope, pageToken, edit, (key, scope, pageToken, { at, remove, insert }) => {
      const cursor = sealCursor(key, scope, pageToken);
      const changed = cursor.slice(0, at) + insert + cursor.slice(at + remove);
      let opened: Uint8Array = pageToken;
      const isRejected = rejected(() => (opened = openCursor(key, scope, changed)));
      // base64url has more than one spelling for the same bytes.
      expect(isRejected ? [] : [...opened]).toEqual(isRejected ? [] : [...pageToken]);
    }),
    { numRuns: 2000 },
  );
});

test('arbitrary text is rejected as a cursor', () => {
  fc.assert(
    fc.property(key, scope, fc.string({ unit: 'binary', maxLength: 200 }), (key, scope, text) => {
      expect(rejected(() => openCursor(key, scope, text))).toBe(true);
    }),
  );
});
