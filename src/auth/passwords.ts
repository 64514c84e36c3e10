import { pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { hash, verify } from '@node-rs/argon2';

const derive = promisify(pbkdf2);

/** OWASP's minimum for argon2id, to which every stored hash is upgraded: 19 MiB, 2 passes, 1 lane. */
const argon2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const current = '$argon2id$v=19$m=19456,t=2,p=1$';

const django = /^pbkdf2_sha256\$(\d{1,8})\$([^$]{1,128})\$([A-Za-z0-9+/]{43}=)$/;

/** A hash that {@link verifyPasswordHash} can check: argon2id, or Django's PBKDF2 from the previous service. */
export const passwordHash =
  /^(\$argon2id\$v=19\$m=\d{1,7},t=\d{1,3},p=\d{1,2}\$[A-Za-z0-9+/]{8,}\$[A-Za-z0-9+/]{16,}|pbkdf2_sha256\$\d{1,8}\$[^$]{1,128}\$[A-Za-z0-9+/]{43}=)$/;

const minLength = 8;
const maxLength = 1_024;

/** Hashes a password for storage, with argon2id. */
export function hashPassword(password: string): Promise<string> {
  return hash(password, argon2);
}

/** Returns whether `password` is the one that `stored` was made from. */
export async function verifyPasswordHash(stored: string, password: string): Promise<boolean> {
  const [, iterations, salt, digest] = django.exec(stored) ?? [];
  if (iterations === undefined || salt === undefined || digest === undefined) return verify(stored, password);
  const expected = Buffer.from(digest, 'base64');
  const actual = await derive(password, salt, Number(iterations), expected.length, 'sha256');
  return timingSafeEqual(actual, expected);
}

/** Returns whether the hash is Django's, or argon2id with other parameters than the current ones. */
export function needsRehash(stored: string): boolean {
  return !stored.startsWith(current);
}

/**
 * Returns whether the password is longer than any that can be set; checked before spending time on hashing
 * it.
 */
export function isTooLong(password: string): boolean {
  // A code point is at most two UTF-16 units, so huge passwords are recognised without counting.
  return password.length > 2 * maxLength || codePoints(password) > maxLength;
}

/** Returns what is wrong with a new password for the user `name`, in one line; undefined if nothing is. */
export function passwordProblem(password: string, name: string): string | undefined {
  if (isTooLong(password)) return `the password must have at most ${maxLength} characters`;
  if (codePoints(password) < minLength) return `the password must have at least ${minLength} characters`;
  // These can't be typed into a sign-in form; they come from a stray line break or a binary file.
  if (/\p{Cc}/u.test(password)) return 'the password must be a single line without control characters';
  if (password.toLowerCase() === name.toLowerCase()) return 'the password must not be the same as the name';
  return undefined;
}

function codePoints(text: string): number {
  return Array.from(text).length;
}
