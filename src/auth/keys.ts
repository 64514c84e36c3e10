import { hkdfSync } from 'node:crypto';

/**
 * What a derived key signs. Each purpose has its own key, so nothing signed for one is accepted for another.
 */
export type KeyPurpose = 'tokens' | 'tickets' | 'cursors' | 'sessions' | 'csrf' | 'links';

/**
 * Derives a 256-bit key for one purpose (HKDF-SHA256), the same in all API processes that share the secret.
 * @throws {RangeError} if the secret has fewer than 32 characters.
 */
export function deriveKey(secret: string, purpose: KeyPurpose): Uint8Array {
  if (secret.length < 32) throw new RangeError('the secret must have at least 32 characters');
  return new Uint8Array(hkdfSync('sha256', secret, '', `taskbell/${purpose}`, 32));
}
