import { z } from 'zod';
import { accountNameForm, accountRole } from '../contract/account.ts';
import type { LockTimes } from '../lib/file-lock.ts';
import { areDistinct, type ListFormat, readListFile, updateListFile } from '../lib/list-file.ts';
import { passwordHash } from './passwords.ts';

/**
 * Name of a user. It is also the name of the user's data folder, which is why some names are not allowed.
 */
export const userName = z
  .string()
  .regex(accountNameForm, 'a name must have 1 to 150 letters, digits and characters of _.@+-')
  .refine((name) => !['.', '..', 'shared'].includes(name.toLowerCase()), 'this name is reserved');

const user = z.strictObject({
  /** Random and never reused: tasks carry it as their owner. */
  id: z.uuid(),
  name: userName,
  role: accountRole,
  password_hash: z.string().max(512).regex(passwordHash, 'not an argon2id or pbkdf2_sha256 hash'),
  created_at: z.iso.datetime(),
  /** Raised with every change of password or role; tokens of an earlier generation are invalid. */
  generation: z.int().min(1),
});
export type User = z.infer<typeof user>;

const usersFile = z.strictObject({
  version: z.literal(1),
  users: z
    .array(user)
    .refine((users) => areDistinct(users.map((each) => each.name.toLowerCase())), 'a name occurs twice')
    .refine((users) => areDistinct(users.map((each) => each.id)), 'an id occurs twice'),
});

export const usersFormat: ListFormat<User, z.infer<typeof usersFile>> = {
  schema: usersFile,
  listOf: ({ users }) => users,
  fileOf: (users) => ({ version: 1, users: [...users] }),
};

/**
 * Returns the users in the file; none if there is no file.
 * @throws {ListFileError}
 */
export function readUsersFile(path: string): Promise<readonly User[]> {
  return readListFile(path, usersFormat);
}

/**
 * Changes the users file, like {@link updateListFile}.
 * @throws {ListFileError} if the file is corrupt: then nothing is written. Also throws what `change` throws.
 */
export function updateUsersFile(
  path: string,
  change: (users: readonly User[]) => readonly User[],
  lockTimes?: Partial<LockTimes>,
): Promise<void> {
  return updateListFile(path, usersFormat, change, lockTimes);
}
