import { randomBytes } from 'node:crypto';
import { createLimiter } from '../lib/limiter.ts';
import { hashPassword, isTooLong, matchingForm, needsRehash, normalised, spendRest } from './passwords.ts';
import { updateUsersFile, type User, usersFormat } from './users-file.ts';
import type { AccountRole } from '../contract/account.ts';
import { createListView } from '../lib/list-view.ts';
import { rejectBusy } from './rejections.ts';

/** An account that can sign in. */
export interface Account {
  /** Stable and random. Tasks carry it as their owner. */
  readonly id: string;
  readonly name: string;
  readonly role: AccountRole;
  /** Carried by tokens; those of an earlier generation are invalid. */
  readonly generation: number;
}

/** Ids of accounts whose tokens just became invalid, each in one list. Sockets opened with them must be closed. */
export interface AccountsChange {
  readonly removed: readonly string[];
  /** Accounts that are no longer admins. */
  readonly demoted: readonly string[];
  /** Accounts with another password, or with another role other than by a demotion. */
  readonly changed: readonly string[];
}

/**
 * The accounts of the users file, in memory. Started by {@link createAccounts}, which then checks the file every
 * second; stopped by `close`.
 */
export interface Accounts {
  /** Finds an account in memory, at most about a second old. */
  find(id: string): Account | undefined;
  /** Checks the file now. Never rejects. */
  refresh(): Promise<void>;
  /**
   * Fails in the same time whether or not the name exists. Replaces Django's hashes, those with outdated parameters,
   * and those of a password as it was typed.
   * @returns the account; undefined if name or password is wrong.
   * @throws AppError too_many_requests if too many verifications are waiting.
   */
  verifyPassword(name: string, password: string): Promise<Account | undefined>;
  /** Calls `listener` after each change of the file that invalidates tokens. @returns a function that removes it. */
  onChange(listener: (change: AccountsChange) => void): () => void;
  close(): void;
}

interface Options {
  readonly usersFile: string;
  /** Called on faults that leave the accounts working: the file became corrupt, a new hash could not be stored. */
  readonly onError: (error: unknown) => void;
  readonly refreshEveryMs?: number;
  /**
   * Maximum number of concurrent verifications; 2 by default. Each takes one of libuv's four threads for 20 ms, and
   * file and DNS calls need some too. While any account has a hash of Django's, each failed one takes as long as that
   * hash would, a few hundred milliseconds, whatever the name.
   */
  readonly concurrentVerifications?: number;
  readonly queuedVerifications?: number;
}

/** Lock times of a rehash: a sign-in must not wait long for a lock that it can do without. */
const rehashLock = { waitMs: 1_000 };

/**
 * Reads the users file (a missing one means no users) and follows its changes.
 * @throws {ListFileError} if the file is corrupt. If it becomes corrupt later, that is reported and the last
 * good view stays in use.
 */
export async function createAccounts(options: Options): Promise<Accounts> {
  const { usersFile: path, onError, refreshEveryMs = 1_000 } = options;
  const { concurrentVerifications: concurrency = 2, queuedVerifications: queue = 32 } = options;
  const verifications = createLimiter({ concurrency, queue });
  const listeners = new Set<(change: AccountsChange) => void>();
  const view = await createListView({ path, format: usersFormat, onError, onChange: announce });
  const unknownUserHash = await hashPassword(randomBytes(16).toString('base64'));
  const timer = setInterval(() => void view.refresh(), refreshEveryMs).unref();

  function announce(before: readonly User[], after: readonly User[]): void {
    const change = compare(before, after);
    if (change.removed.length + change.demoted.length + change.changed.length === 0) return;
    for (const listener of listeners) {
      try {
        listener(change);
      } catch (error) {
        onError(error);
      }
    }
  }

  async function verifyNow(name: string, password: string): Promise<Account | undefined> {
    // A user who was just added, or just got a new password, need not wait for the timer.
    await view.refresh();
    const user = view.list().find((each) => each.name === name);
    const form = user && (await matchingForm(user.password_hash, password));
    if (user === undefined || form === undefined) {
      const all = view.list().map(({ password_hash }) => password_hash);
      await spendRest(user?.password_hash, password, { all, dummy: unknownUserHash });
      return undefined;
    }
    if (needsRehash(user.password_hash) || form !== normalised(password)) await rehash(user, password);
    return accountOf(user);
  }

  async function rehash(user: User, password: string): Promise<void> {
    try {
      const password_hash = await hashPassword(password);
      const isSame = (each: User) => each.id === user.id && each.password_hash === user.password_hash;
      await updateUsersFile(
        path,
        (users) =>
          users.some(isSame)
            ? users.map((each) => (isSame(each) ? { ...each, password_hash } : each))
            : users,
        rehashLock,
      );
    } catch (error) {
      // The password was right: a read-only file must not keep the user out.
      onError(error);
    }
  }

  return {
    find(id) {
      const user = view.list().find((each) => each.id === id);
      return user && accountOf(user);
    },
    refresh: () => view.refresh(),
    async verifyPassword(name, password) {
      if (isTooLong(password)) return undefined;
      return verifications.run(() => verifyNow(name, password)).catch(rejectBusy);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      clearInterval(timer);
      listeners.clear();
    },
  };
}

function accountOf({ id, name, role, generation }: User): Account {
  return { id, name, role, generation };
}

function compare(before: readonly User[], after: readonly User[]): AccountsChange {
  const now = new Map(after.map((user) => [user.id, user]));
  const change = { removed: [] as string[], demoted: [] as string[], changed: [] as string[] };
  for (const was of before) {
    const is = now.get(was.id);
    if (is === undefined) change.removed.push(was.id);
    else if (was.role === 'admin' && is.role !== 'admin') change.demoted.push(was.id);
    else if (was.generation !== is.generation || was.role !== is.role) change.changed.push(was.id);
  }
  return change;
}
