import { timingSafeEqual } from 'node:crypto';
import type { Account, Accounts } from './accounts.ts';
import { type ApiKey, keysFormat } from './keys-file.ts';
import { type FollowOptions, followList } from '../lib/list-follower.ts';
import { sha256 } from './new-key.ts';
import type { Principal } from './principal.ts';
import { invalidToken } from './rejections.ts';

/** The API keys of the keys file, in memory. Checks the file every second. Closed by its creator. */
export interface ApiKeys {
  /**
   * @throws AppError token_not_valid if it is malformed, unknown, revoked or expired, or its account was
   * deleted.
   */
  verify(key: string): Promise<Principal>;
  /** Returns whether the account has a key with this prefix. From memory, at most about a second old. */
  has(account: string, prefix: string): boolean;
  /** Returns whether there is a key with this prefix, as `has` does. */
  exists(prefix: string): boolean;
  /** Checks the file now. Never rejects. */
  refresh(): Promise<void>;
  onChange(listener: () => void): void;
  close(): void;
}

interface Dependencies extends FollowOptions {
  readonly accounts: Pick<Accounts, 'find' | 'refresh'>;
  readonly now?: () => number;
}

const form = /^tb_([0-9a-f]{8})_[A-Za-z0-9_-]{43}$/;

/** Returns whether the credentials are meant to be an API key, not a token. */
export function looksLikeApiKey(credentials: string): boolean {
  return credentials.startsWith('tb_');
}

/** Returns the public prefix of an API key, for a log; of anything else nothing, since it may be part of a key. */
export function apiKeyPrefix(credentials: string): string {
  return form.exec(credentials)?.[1] ?? '';
}

/** @throws {ListFileError} if the keys file is corrupt. */
export async function createApiKeys({
  accounts,
  now = Date.now,
  ...options
}: Dependencies): Promise<ApiKeys> {
  const follower = await followList(keysFormat, options);
  const find = (prefix: string): ApiKey | undefined => follower.list().find((key) => key.prefix === prefix);

  /** Checks the file again if the key is unknown: a key that was just created need not wait for the timer. */
  async function findNow(prefix: string): Promise<ApiKey | undefined> {
    const known = find(prefix);
    if (known !== undefined) return known;
    await follower.refresh();
    return find(prefix);
  }

  async function accountOf({ account }: ApiKey): Promise<Account> {
    if (accounts.find(account) === undefined) await accounts.refresh();
    const found = accounts.find(account);
    if (found === undefined) throw invalidToken('credential', 'the account was deleted');
    return found;
  }

  return {
    async verify(text) {
      const [, prefix] = form.exec(text) ?? [];
      if (prefix === undefined) throw invalidToken('credential', 'not an API key');
      const key = await findNow(prefix);
      const given = sha256(text);
      if (key === undefined || !timingSafeEqual(given, Buffer.from(key.sha256, 'hex'))) {
        throw invalidToken('credential', 'unknown API key');
      }
      const expiresAt = key.expires_at === null ? null : Date.parse(key.expires_at);
      if (expiresAt !== null && expiresAt <= now())
        throw invalidToken('credential', 'the API key has expired');
      const { scopes } = key;
      return { ...(await accountOf(key)), scopes, credential: { type: 'key', prefix }, expiresAt };
    },
    has(account, prefix) {
      return find(prefix)?.account === account;
    },
    exists: (prefix) => find(prefix) !== undefined,
    refresh: () => follower.refresh(),
    onChange: (listener) => follower.onChange(listener),
    close: () => follower.close(),
  };
}
