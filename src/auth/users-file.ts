import { mkdir, readFile, rename, rm, stat, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { hasCode } from './error-code.ts';
import { type LockTimes, withFileLock } from './file-lock.ts';
import { PASSWORD_HASH } from './passwords.ts';

/** A name is also the name of its user's data folder, hence what it must not be. */
export const userName = z
  .string()
  .regex(/^[A-Za-z0-9_.@+-]{1,150}$/, 'a name has 1 to 150 letters, digits and characters of _.@+-')
  .refine((name) => !['.', '..', 'shared'].includes(name.toLowerCase()), 'this name is reserved');

export const role = z.enum(['user', 'admin']);
export type Role = z.infer<typeof role>;

const user = z.strictObject({
  /** Random and never given twice: tasks carry it as their owner. */
  id: z.uuid(),
  name: userName,
  role,
  password_hash: z.string().max(512).regex(PASSWORD_HASH, 'not an argon2id or pbkdf2_sha256 hash'),
  created_at: z.iso.datetime(),
  /** Raised with every change of password or role; tokens of an earlier generation are dead. */
  generation: z.int().min(1),
});
export type User = z.infer<typeof user>;

const usersFile = z.strictObject({
  version: z.literal(1),
  users: z
    .array(user)
    .refine((users) => distinct(users.map((each) => each.name.toLowerCase())), 'a name occurs twice')
    .refine((users) => distinct(users.map((each) => each.id)), 'an id occurs twice'),
});

/** The users file cannot be read, or is not one. It is left as it is. `message` is one line that names the file. */
export class UsersFileError extends Error {
  override readonly name = 'UsersFileError';
}

/**
 * The users in the file; none if there is no file.
 * @throws {UsersFileError}
 */
export async function readUsersFile(path: string): Promise<readonly User[]> {
  try {
    return parseUsersFile(path, await readFile(path, 'utf8'));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw asUsersFileError(path, error);
  }
}

/**
 * Parses what a users file contains; `path` is for the message alone.
 * @throws {UsersFileError}
 */
export function parseUsersFile(path: string, text: string): readonly User[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    // JSON.parse quotes the text it failed at, which may be a password hash: keep it out of logs.
    throw new UsersFileError(`${path} is corrupt: not JSON`, { cause: error });
  }
  const parsed = usersFile.safeParse(json);
  if (parsed.success) return parsed.data.users;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
  throw new UsersFileError(`${path} is corrupt: ${faults.slice(0, 3).join('; ')}`);
}

/** @returns `error` itself if it is one already. */
export function asUsersFileError(path: string, error: unknown): UsersFileError {
  if (error instanceof UsersFileError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new UsersFileError(`${path} cannot be read: ${reason}`, { cause: error });
}

/**
 * Changes the file, under a lock that all processes respect, atomically: readers see the old file or the new one.
 * `change` gets the users of the moment and returns the new list; the very same array means that nothing changed.
 * @throws {UsersFileError} if the file is corrupt: then nothing is written. And whatever `change` throws.
 */
export async function updateUsersFile(
  path: string,
  change: (users: readonly User[]) => readonly User[],
  lockTimes: Partial<LockTimes> = {},
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await withFileLock(
    `${path}.lock`,
    async (lock) => {
      const before = await readUsersFile(path);
      const after = change(before);
      if (after === before) return;
      const text = JSON.stringify(usersFile.parse({ version: 1, users: after }), null, 2);
      await replaceFile(path, `${text}\n`, () => lock.assertHeld());
    },
    lockTimes,
  );
}

/** The temporary name is fixed, so that crashes leave at most one; the lock keeps it ours. */
async function replaceFile(path: string, text: string, beforeRename: () => Promise<void>): Promise<void> {
  const draft = `${path}.tmp`;
  await rm(draft, { force: true });
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(text);
    // `sudo taskbell users add` must not leave a file that the service's own user cannot read.
    const folder = await stat(dirname(path));
    if (process.getuid?.() === 0 && folder.uid !== 0) await file.chown(folder.uid, folder.gid);
    await file.sync();
  } finally {
    await file.close();
  }
  await beforeRename();
  await rename(draft, path);
  await syncFolder(dirname(path));
}

/** A rename survives a power cut only when its folder is written too. Windows cannot open folders. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function distinct(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}
