import { createHash } from 'node:crypto';
import { parseInstant } from '../contract/instant.ts';
import { type Scope, scope } from './principal.ts';
import { UserError } from '../lib/user-error.ts';

/** Returns the hash of a key, which is what is stored and compared. */
export function sha256(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

const dayMs = 86_400_000;
const durations: Record<string, number> = { h: dayMs / 24, d: dayMs };
const maxMs = 3_650 * dayMs;

/**
 * Parses a key's expiry: `90d`, `12h` or an RFC 3339 instant.
 * @returns milliseconds since 1970.
 * @throws {UserError}
 */
export function parseExpiry(text: string, now: number): number {
  const [, count, unit = ''] = /^(\d{1,5})([hd])$/.exec(text) ?? [];
  const expiresAt = count === undefined ? parseInstant(text) : now + Number(count) * (durations[unit] ?? 0);
  if (expiresAt === undefined) {
    throw new UserError(
      'the expiry must be a number of days or hours (90d, 12h), or a time such as 2030-01-31T00:00:00Z',
    );
  }
  if (expiresAt <= now) throw new UserError('the expiry must be in the future');
  if (expiresAt > now + maxMs)
    throw new UserError('the expiry must be within ten years; a key without one never expires');
  return expiresAt;
}

/** Parses `read,write`, `read` or `write`. @throws {UserError} */
export function parseScopes(text: string): readonly Scope[] {
  const parsed = scope
    .array()
    .min(1)
    .safeParse(text.split(',').map((each) => each.trim()));
  if (!parsed.success) throw new UserError('the scopes must be read, write or read,write');
  return [...new Set(parsed.data)];
}
