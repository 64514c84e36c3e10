import { createHmac, timingSafeEqual } from 'node:crypto';
import { AppError } from '../contract/errors.ts';

const macBytes = 16;

/**
 * Turns the server's page token into one that clients may hold: signed, and bound to what it pages through (owner and
 * filters), so that it opens nothing else.
 */
export function sealCursor(key: Uint8Array, scope: string, pageToken: Uint8Array): string {
  return Buffer.concat([mac(key, scope, pageToken), pageToken]).toString('base64url');
}

/** @throws AppError validation for a cursor that we have not made, or have made for another list. */
export function openCursor(key: Uint8Array, scope: string, cursor: string): Uint8Array {
  const bytes = Buffer.from(cursor, 'base64url');
  const [given, pageToken] = [bytes.subarray(0, macBytes), bytes.subarray(macBytes)];
  if (given.length === macBytes && timingSafeEqual(given, mac(key, scope, pageToken))) return pageToken;
  const errors = [
    { pointer: '?cursor', message: 'Not a cursor of this list: take it from its Link header.' },
  ];
  throw new AppError('validation', 'The request does not fit.', { errors });
}

function mac(key: Uint8Array, scope: string, pageToken: Uint8Array): Buffer {
  // Quoted, the scope tells by itself where it ends.
  return createHmac('sha256', key)
    .update(JSON.stringify(scope))
    .update(pageToken)
    .digest()
    .subarray(0, macBytes);
}
