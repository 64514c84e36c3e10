import { pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { hash, verify } from '@node-rs/argon2';

const derive = promisify(pbkdf2);

/** OWASP's minimum for argon2id, to which every stored hash is upgraded: 19 MiB, 2 passes, 1 lane. */
const argon2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const current = '$argon2id$v=19$m=19456,t=2,p=1$';

const django = /^pbkdf2_sha256\$(\d{1,8})\$([^$]{1,128})\$([A-Za-z0-9+/]{43}=)$/;

/** A hash that {@link matchingForm} can check: argon2id, or Django's PBKDF2 from the previous service. */
export const passwordHash =
  /^(\$argon2id\$v=19\$m=\d{1,7},t=\d{1,3},p=\d{1,2}\$[A-Za-z0-9+/]{8,}\$[A-Za-z0-9+/]{16,}|pbkdf2_sha256\$\d{1,8}\$[^$]{1,128}\$[A-Za-z0-9+/]{43}=)$/;

/** Passwords of sufficient length that lists of stolen ones begin with. */
const guessedFirst: ReadonlySet<string> = new Set(
  `00000000 11111111 12341234 12345678 123456789 1234567890 123123123 147258369 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 66666666
  87654321 88888888 987654321 a1234567 abc12345 abcd1234 administrator aa123456 admin123 asdfghjk asdfghjkl baseball changeme computer
  football iloveyou letmein1 michelle p@ssw0rd passw0rd password password1 password12 password123 princess q1w2e3r4
  qwer1234 qwerty12 qwerty123 qwertyui qwertyuiop sunshine superman taskbell test1234 trustno1 welcome1 welcome123
  whatever zaq12wsx zxcvbnm1`.split(/\s+/),
);

const minLength = 8;
const maxLength = 1_024;

/**
 * Returns the form of a password that is hashed: the same letters can be composed in several ways, depending on the
 * keyboard and the system, and so can spaces (RFC 8265, OpaqueString).
 */
export function normalised(password: string): string {
  return password.replaceAll(/\p{Zs}/gu, ' ').normalize('NFC');
}

/** Hashes a password for storage, with argon2id. */
export function hashPassword(password: string): Promise<string> {
  return hash(normalised(password), argon2);
}

/**
 * Returns the form of `password` that `stored` was made from: normalised or, for Django's hashes and those made before
 * passwords were normalised, as typed. Undefined if it was made from another password.
 */
export async function matchingForm(stored: string, password: string): Promise<string | undefined> {
  const parts = djangoParts(stored);
  const forms = formsOf(password);
  for (const form of parts ? forms.toReversed() : forms) {
    if (parts ? await verifyDjango(parts, form) : await verify(stored, form)) return form;
  }
  return undefined;
}

function formsOf(password: string): readonly string[] {
  return [...new Set([normalised(password), password])];
}

interface DjangoParts {
  readonly iterations: number;
  readonly salt: string;
  readonly digest: string;
}

function djangoParts(stored: string): DjangoParts | undefined {
  const [, iterations, salt, digest] = django.exec(stored) ?? [];
  if (iterations === undefined || salt === undefined || digest === undefined) return undefined;
  return { iterations: Number(iterations), salt, digest };
}

async function verifyDjango({ iterations, salt, digest }: DjangoParts, password: string): Promise<boolean> {
  const expected = Buffer.from(digest, 'base64');
  return timingSafeEqual(await pbkdf2Of(password, salt, iterations), expected);
}

function pbkdf2Of(password: string, salt: string, iterations: number): Promise<Buffer> {
  return derive(password, salt, iterations, 32, 'sha256');
}

/**
 * Spends the time that a failed verification takes with any of the hashes in `all`, less what it has taken with
 * `stored`: the time must not show whether a name exists, or what kind of hash it has.
 * @param stored undefined if no user has the name. @param dummy an argon2id hash with the current parameters.
 */
export async function spendRest(
  stored: string | undefined,
  password: string,
  { all, dummy }: { readonly all: readonly string[]; readonly dummy: string },
): Promise<void> {
  const own = stored === undefined ? undefined : djangoParts(stored);
  if (stored === undefined || own) await matchingForm(dummy, password);
  const most = Math.max(0, ...all.map((each) => djangoParts(each)?.iterations ?? 0));
  const left = most - (own?.iterations ?? 0);
  if (left > 0) for (const form of formsOf(password)) await pbkdf2Of(form, 'salt', left);
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
export function passwordProblem(typed: string, name: string): string | undefined {
  const password = normalised(typed);
  if (isTooLong(typed)) return `the password must have at most ${maxLength} characters`;
  if (codePoints(password) < minLength) return `the password must have at least ${minLength} characters`;
  // These can't be typed into a sign-in form; they come from a stray line break or a binary file.
  if (/\p{Cc}/u.test(password)) return 'the password must be a single line without control characters';
  if (password.toLowerCase() === name.toLowerCase()) return 'the password must not be the same as the name';
  if (guessedFirst.has(password.toLowerCase())) return 'the password is one of those that are guessed first';
  return undefined;
}

function codePoints(text: string): number {
  return Array.from(text).length;
}
