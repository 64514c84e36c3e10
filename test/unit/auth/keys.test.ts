import { expect, test } from 'vitest';
import { deriveKey } from '../../../src/auth/keys.ts';
import { secret } from './fixtures.ts';

test('derives the same key for the same secret and purpose, and others for others', () => {
  const keys = [
    deriveKey(secret, 'tokens'),
    deriveKey(secret, 'tickets'),
    deriveKey(secret, 'cursors'),
    deriveKey(`${secret}!`, 'tokens'),
  ].map((key) => Buffer.from(key).toString('hex'));
  expect(new Set(keys).size).toBe(4);
  expect(Buffer.from(deriveKey(secret, 'tokens')).toString('hex')).toBe(keys[0]);
  expect(deriveKey(secret, 'tokens')).toHaveLength(32);
});

test('rejects a secret of fewer than 32 characters', () => {
  expect(() => deriveKey('x'.repeat(31), 'tokens')).toThrow(RangeError);
});
