import { createHmac, timingSafeEqual } from 'node:crypto';
import { invalidFields } from '../contract/errors.ts';

const macBytes = 16;

/**
 * Turns the server's page token into a cursor for clients: signed, and bound to the list that it pages through (caller
 * and filters), so that it opens no other.
 */
export function sealCursor(key: Uint8Array, scope: string, pageToken: Uint8Array): string {
  return Buffer.concat([mac(key, scope, pageToken), pageToken]).toString('base64url');
}

/**
 * Returns the page token. @throws AppError validation for a cursor that is not ours, or belongs to another
 * list.
 */
export function openCursor(key: Uint8Array, scope: string, cursor: string): Uint8Array {
  const bytes = Buffer.from(cursor, 'base64url');
  const [given, pageToken] = [bytes.subarray(0, macBytes), bytes.subarray(macBytes)];
  if (given.length === macBytes && timingSafeEqual(given, mac(key, scope, pageToken))) return pageToken;
  const errors = [
    { pointer: '?cursor', message: 'Not a cursor of this list. Use the one from its Link header.' },
  ];
  throw invalidFields(errors);
}

function mac(key: Uint8Array, scope: string, pageToken: Uint8Array): Buffer {
  // As a JSON string, the scope marks its own end.
  return createHmac('sha256', key)
    .update(JSON.stringify(scope))
    .update(pageToken)
    .digest()
    .subarray(0, macBytes);
}
