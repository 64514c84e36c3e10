import { readFile, rm, writeFile } from 'node:fs/promises';
import { readUsersFile, type User } from './users-file.ts';
import { firstUserFilePath, usersFilePath } from './paths.ts';
import { isErrno } from '../lib/errno.ts';

/**
 * The user that the first start creates, until its first sign-in: its password was printed at most once, and a
 * start that was interrupted did not print it. HOME/first-user has its name until the first sign-in removes the file.
 */
export interface FirstUserRecord {
  write(name: string): Promise<void>;
  /** Returns the user if it still exists and has never signed in. */
  read(): Promise<User | undefined>;
  /** Called after each sign-in. */
  signedIn(name: string): Promise<void>;
}

/** Creates the record of an installation's first user. */
export function createFirstUserRecord(home: string): FirstUserRecord {
  const path = firstUserFilePath(home);
  async function readName(): Promise<string | undefined> {
    try {
      return (await readFile(path, 'utf8')).trim();
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  return {
    write: (name) => writeFile(path, `${name}\n`, { mode: 0o600 }),
    async read() {
      const name = await readName();
      if (name === undefined) return undefined;
      return (await readUsersFile(usersFilePath(home))).find((user) => user.name === name);
    },
    async signedIn(name) {
      if ((await readName()) === name) await rm(path, { force: true });
    },
  };
}
