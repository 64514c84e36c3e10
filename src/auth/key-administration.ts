import { randomBytes } from 'node:crypto';
import { type ApiKey, keyLabel, keysFormat } from './keys-file.ts';
import { readListFile, updateListFile } from '../lib/list-file.ts';
import { sha256 } from './new-key.ts';
import type { Scope } from './principal.ts';
import { UserError } from '../lib/user-error.ts';
import { unknownUser } from './users.ts';
import { readUsersFile } from './users-file.ts';

export interface NewKey {
  /** Name of the user that the key acts for. */
  readonly user: string;
  readonly label: string;
  readonly scopes: readonly Scope[];
  /** Expiry, in milliseconds since 1970; null for none. */
  readonly expiresAt: number | null;
}

export interface ListedKey extends ApiKey {
  /** undefined if the key's account was deleted: the key is then useless. */
  readonly user: string | undefined;
}

/** Administers the keys file. Each call reads the file; nothing is cached. */
export interface KeyAdministration {
  /** @returns the key itself, which is not stored, and the entry that is stored. @throws {UserError} */
  create(wanted: NewKey): Promise<{ key: string; stored: ApiKey }>;
  /** Lists the keys of one user, or all, oldest first. @throws {UserError} if no user has this name. */
  list(user?: string): Promise<readonly ListedKey[]>;
  /** @throws {UserError} if no key has this prefix. */
  revoke(prefix: string): Promise<ApiKey>;
  /** @returns the number of keys revoked. */
  revokeAllOf(account: string): Promise<number>;
}

interface Dependencies {
  readonly keysFile: string;
  readonly usersFile: string;
  readonly now?: () => number;
}

export function createKeyAdministration({
  keysFile,
  usersFile,
  now = Date.now,
}: Dependencies): KeyAdministration {
  const update = (change: (keys: readonly ApiKey[]) => readonly ApiKey[]): Promise<void> =>
    updateListFile(keysFile, keysFormat, change);

  async function accountOf(name: string): Promise<string> {
    const found = (await readUsersFile(usersFile)).find((user) => user.name === name);
    if (found === undefined) throw unknownUser(name, usersFile);
    return found.id;
  }

  return {
    async create({ user, label, scopes, expiresAt }) {
      const parsed = keyLabel.safeParse(label);
      if (!parsed.success)
        throw new UserError(parsed.error.issues[0]?.message ?? 'this label cannot be used');
      if (expiresAt !== null && expiresAt <= now()) throw new UserError('the expiry must be in the future');
      const prefix = randomBytes(4).toString('hex');
      const key = `tb_${prefix}_${randomBytes(32).toString('base64url')}`;
      const stored: ApiKey = {
        prefix,
        label,
        account: await accountOf(user),
        scopes: [...scopes],
        sha256: sha256(key).toString('hex'),
        created_at: new Date(now()).toISOString(),
        expires_at: expiresAt === null ? null : new Date(expiresAt).toISOString(),
      };
      // The file's schema rejects a second key with the same prefix (one in four billion).
      await update((keys) => [...keys, stored]);
      return { key, stored };
    },
    async list(user) {
      const account = user === undefined ? undefined : await accountOf(user);
      const names = new Map((await readUsersFile(usersFile)).map(({ id, name }) => [id, name]));
      const keys = await readListFile(keysFile, keysFormat);
      const wanted = account === undefined ? keys : keys.filter((key) => key.account === account);
      return wanted.map((key) => ({ ...key, user: names.get(key.account) }));
    },
    async revoke(prefix) {
      let revoked: ApiKey | undefined;
      await update((keys) => {
        revoked = keys.find((key) => key.prefix === prefix);
        if (revoked === undefined)
          throw new UserError(`there is no key with the prefix ${JSON.stringify(prefix)} in ${keysFile}`);
        return keys.filter((key) => key !== revoked);
      });
      if (revoked === undefined) throw new TypeError('the change was not made');
      return revoked;
    },
    async revokeAllOf(account) {
      let revoked = 0;
      await update((keys) => {
        const kept = keys.filter((key) => key.account !== account);
        revoked = keys.length - kept.length;
        return revoked === 0 ? keys : kept;
      });
      return revoked;
    },
  };
}
