import { randomUUID } from 'node:crypto';
import { hashPassword, passwordProblem } from './passwords.ts';
import { readUsersFile, updateUsersFile, type User, userName } from './users-file.ts';
import type { AccountRole } from '../contract/account.ts';
import { UserError } from '../lib/user-error.ts';

/** Administers the users file. Each call reads the file; nothing is cached. */
export interface Users {
  list(): Promise<readonly User[]>;
  /**
   * Checks a new name; call this before asking for a password. @throws {UserError} if the name is malformed
   * or taken.
   */
  assertFree(name: string): Promise<void>;
  /** @throws {UserError} if no user has this name. */
  assertExists(name: string): Promise<void>;
  /** @throws {UserError} */
  add(name: string, password: string, role: AccountRole): Promise<User>;
  /**
   * Adds the user if there are none yet. If two processes call it at once, only one adds a user. @returns
   * whether it did.
   */
  addFirst(name: string, password: string, role: AccountRole): Promise<boolean>;
  /** @returns the removed user. @throws {UserError} */
  remove(name: string): Promise<User>;
  /** Also invalidates the tokens issued so far. @throws {UserError} */
  changePassword(name: string, password: string): Promise<void>;
  /** Also invalidates the tokens issued so far. @throws {UserError} */
  changeRole(name: string, role: AccountRole): Promise<void>;
}

/** Administers the users file at `path`. Hashing is done before the file is locked. */
export function createUsers({ path, now = Date.now }: { path: string; now?: () => number }): Users {
  const replace = (name: string, change: (user: User) => User) =>
    updateUsersFile(path, (users) => {
      const found = existing(users, name, path);
      const changed = change(found);
      return changed === found ? users : users.map((user) => (user === found ? changed : user));
    });

  const create = async (name: string, password: string, role: AccountRole): Promise<User> => ({
    id: randomUUID(),
    name: checkedName(name),
    role,
    password_hash: await checkedHash(password, name),
    created_at: new Date(now()).toISOString(),
    generation: 1,
  });

  return {
    list: () => readUsersFile(path),
    async assertFree(name) {
      rejectTaken(await readUsersFile(path), checkedName(name));
    },
    async assertExists(name) {
      existing(await readUsersFile(path), name, path);
    },
    async add(name, password, role) {
      const added = await create(name, password, role);
      await updateUsersFile(path, (users) => {
        rejectTaken(users, name);
        return [...users, added];
      });
      return added;
    },
    async addFirst(name, password, role) {
      const added = await create(name, password, role);
      let first = false;
      await updateUsersFile(path, (users) => {
        first = users.length === 0;
        return first ? [added] : users;
      });
      return first;
    },
    async remove(name) {
      const removed = existing(await readUsersFile(path), name, path);
      await updateUsersFile(path, (users) => {
        const found = existing(users, name, path);
        if (found.id !== removed.id) throw new UserError(`${name} has just been replaced by another user`);
        return users.filter((user) => user !== found);
      });
      return removed;
    },
    async changePassword(name, password) {
      const password_hash = await checkedHash(password, name);
      await replace(name, (user) => ({ ...user, password_hash, generation: user.generation + 1 }));
    },
    changeRole: (name, role) =>
      replace(name, (user) =>
        user.role === role ? user : { ...user, role, generation: user.generation + 1 },
      ),
  };
}

function checkedName(name: string): string {
  const parsed = userName.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new UserError(parsed.error.issues[0]?.message ?? 'this name cannot be used');
}

function checkedHash(password: string, name: string): Promise<string> {
  const fault = passwordProblem(password, name);
  if (fault !== undefined) throw new UserError(fault);
  return hashPassword(password);
}

/**
 * Throws if a name is taken. Ignores case, because data folders can be on a case-insensitive file system.
 */
function rejectTaken(users: readonly User[], name: string): void {
  const taken = users.find((user) => user.name.toLowerCase() === name.toLowerCase());
  if (taken !== undefined) throw new UserError(`a user named ${taken.name} already exists`);
}

function existing(users: readonly User[], name: string, path: string): User {
  const found = users.find((user) => user.name === name);
  if (found === undefined) throw unknownUser(name, path);
  return found;
}

/** Returns the error for a name that the users file does not have. The path shows if TASKBELL_HOME is the wrong one. */
export function unknownUser(name: string, path: string): UserError {
  return new UserError(`there is no user named ${JSON.stringify(name)} in ${path}`);
}
