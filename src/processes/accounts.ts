/** Accounts that a process adds to the users file of TASKBELL_HOME by itself. */
import { randomBytes } from 'node:crypto';
import { access } from 'node:fs/promises';
import { createFirstUserRecord } from '../auth/first-user.ts';
import { usersFilePath } from '../auth/paths.ts';
import { createUsers } from '../auth/users.ts';
import type { AccountRole } from '../contract/account.ts';
import { UserError } from '../lib/user-error.ts';

/**
 * Creates the admin `admin` with a random password if there are no users. Only the caller knows the password: print it.
 * If two processes call this at once, only one creates the account.
 * @returns the account without its password if an earlier start created it and it has never signed in; null if the
 * users know how to sign in.
 * @throws {ListFileError}
 */
export async function ensureFirstUser(home: string): Promise<{ name: string; password?: string } | null> {
  const users = createUsers({ path: usersFilePath(home) });
  const record = createFirstUserRecord(home);
  if ((await users.list()).length > 0) {
    const unused = await record.read();
    return unused === undefined ? null : { name: unused.name };
  }
  const password = randomPassword();
  // Recorded first: if this start is interrupted at any point, the next one still prints how to sign in.
  await record.write('admin');
  return (await users.addFirst('admin', password, 'admin')) ? { name: 'admin', password } : null;
}

/** Returns whether there is a users file, so that a service may be using it. */
export async function hasUsersFile(home: string): Promise<boolean> {
  try {
    await access(usersFilePath(home));
    return true;
  } catch {
    // Missing, or another user's: in both cases this process can add no users.
    return false;
  }
}

/** A user that exists until `remove()`. */
export interface TemporaryUser {
  /** Path of the users file that has the user. */
  readonly usersFile: string;
  readonly username: string;
  readonly password: string;
  remove(): Promise<void>;
}

/**
 * Adds a user with a random name and password. Only this process knows the password, so an account left behind by a
 * crash can't be used.
 * @throws {ListFileError}
 */
export async function addTemporaryUser(
  home: string,
  prefix: string,
  role: AccountRole,
): Promise<TemporaryUser> {
  const usersFile = usersFilePath(home);
  const users = createUsers({ path: usersFile });
  const username = `${prefix}-${randomBytes(4).toString('hex')}`;
  const password = randomPassword();
  await users.add(username, password, role);
  return {
    usersFile,
    username,
    password,
    async remove() {
      try {
        await users.remove(username);
      } catch (error) {
        // It was removed by other means, which is just as well.
        if (!(error instanceof UserError)) throw error;
      }
    },
  };
}

function randomPassword(): string {
  return randomBytes(18).toString('base64url');
}
