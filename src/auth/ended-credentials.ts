import type { ListFormat } from '../lib/list-file.ts';
import { type FollowOptions, followList } from '../lib/list-follower.ts';
import type { LockTimes } from '../lib/file-lock.ts';
import { createListWriter } from '../lib/list-writer.ts';
import { rejectLocked } from './rejections.ts';

/** A session, a sign-in link or a refresh token. `started_at` is in milliseconds since 1970. */
export interface StartedCredential {
  readonly id: string;
  readonly started_at: number;
}

/** An entry of the file. Its instants are in milliseconds since 1970. */
export interface EndedCredential {
  readonly account: string;
  /** null for all credentials of the account that had started by `startedBy`. */
  readonly id: string | null;
  /** When it started, or later. */
  readonly startedBy: number;
  /** When the entry is no longer needed, because the credential would have expired by itself. */
  readonly forgetAt: number;
}

/** A kind of credential that can be ended, and the format of its file: src/auth/ended-kinds.ts. */
export interface EndedKind<F> extends ListFormat<EndedCredential, F> {
  /** Maximum lifetime of a credential, in milliseconds. */
  readonly lifetimeMs: number;
  /** Maximum number of entries of one account. */
  readonly maxPerAccount: number;
  /** Returns what the file keeps of the start of a credential that is ended `now`: the start itself, or later. */
  startedBy(credential: StartedCredential, now: number): number;
}

/**
 * The credentials of one kind that were ended before they expired, in a file that all API processes share. The
 * credentials themselves are signed, and stored nowhere. Checks the file every second. Closed by its creator.
 */
export interface EndedCredentials {
  /**
   * Returns whether a credential has ended. From memory, at most about a second old.
   * @param credential undefined if it is not known, as the refresh token of an access token of an earlier version.
   */
  has(account: string, credential: StartedCredential | undefined): boolean;
  /**
   * Ends a credential for good. `expiresAt` is when it would expire by itself, in milliseconds since 1970.
   * @returns false if it had already ended: if several calls end it at once, one gets true.
   * @throws AppError accounts_unavailable if another process keeps the file locked.
   */
  add(account: string, credential: StartedCredential, expiresAt: number): Promise<boolean>;
  refresh(): Promise<void>;
  onChange(listener: () => void): void;
  close(): void;
}

interface Options<F> extends FollowOptions {
  readonly kind: EndedKind<F>;
  /** Called with the account when others of its credentials end too, because it has ended too many. */
  readonly onTooMany?: (account: string) => void;
  readonly now?: () => number;
  readonly lockTimes?: Partial<LockTimes>;
}

/**
 * Time that entries are kept beyond `forgetAt`, in milliseconds: while a clock is wrong by less, what has ended stays
 * ended once the clock is right again.
 */
const clockErrorMs = 24 * 60 * 60 * 1000;

/** @throws {ListFileError} if the file is corrupt. */
export async function createEndedCredentials<F>(options: Options<F>): Promise<EndedCredentials> {
  const { path, kind, onTooMany = () => undefined, now = Date.now, lockTimes } = options;
  const follower = await followList(kind, options);
  const writer = createListWriter(path, kind, lockTimes);
  let entries = byAccount(follower.list());
  follower.onChange(() => (entries = byAccount(follower.list())));
  /** The ends that are being written, by credential: calls that end the same one share the end. */
  const ending = new Map<string, Promise<boolean>>();

  async function write(added: EndedCredential, credential: StartedCredential): Promise<boolean> {
    let isNew = false;
    let endsOthers = false;
    const end = (all: readonly EndedCredential[]): readonly EndedCredential[] => {
      const isOwn = ({ account }: EndedCredential): boolean => account === added.account;
      isNew = !hasEnded(all.filter(isOwn), credential);
      if (!isNew) return all;
      const kept = all.filter(({ forgetAt }) => forgetAt + clockErrorMs > now());
      const own = [...kept.filter(isOwn), added];
      if (own.length <= kind.maxPerAccount) return [...kept, added];
      const shortened = withoutOldest(added.account, own, kind.lifetimeMs);
      endsOthers = shortened.some(({ id, forgetAt }) => id === null && forgetAt > now());
      return [...kept.filter((each) => !isOwn(each)), ...shortened];
    };
    await writer.update(end).catch(rejectLocked);
    if (endsOthers) onTooMany(added.account);
    await follower.refresh();
    return isNew;
  }

  return {
    has: (account, credential) =>
      credential !== undefined && hasEnded(entries.get(account) ?? [], credential),
    async add(account, credential, expiresAt) {
      const { id } = credential;
      const first = ending.get(id);
      if (first) {
        await first;
        return false;
      }
      const startedBy = kind.startedBy(credential, now());
      const written = write({ account, id, startedBy, forgetAt: expiresAt }, credential);
      ending.set(id, written);
      try {
        return await written;
      } finally {
        ending.delete(id);
      }
    },
    refresh: () => follower.refresh(),
    onChange: (listener) => follower.onChange(listener),
    close: () => follower.close(),
  };
}

/**
 * Replaces the older half of an account's entries by one for all credentials that had started by then: an account that
 * ends one after the other must not fill the file. Ignores the clock, since what has ended must stay ended even if the
 * clock was wrong.
 */
function withoutOldest(
  account: string,
  own: readonly EndedCredential[],
  lifetimeMs: number,
): EndedCredential[] {
  const sorted = own.toSorted((a, b) => a.startedBy - b.startedBy);
  const older = sorted.slice(0, Math.ceil(sorted.length / 2));
  const startedBy = Math.max(...older.map((each) => each.startedBy));
  const forgetAt = Math.max(startedBy + lifetimeMs, ...older.map((each) => each.forgetAt));
  const others = sorted.filter((each) => each.startedBy > startedBy);
  return [{ account, id: null, startedBy, forgetAt }, ...others];
}

/** Groups the entries by account: almost every request looks for those of its own. */
function byAccount(all: readonly EndedCredential[]): ReadonlyMap<string, readonly EndedCredential[]> {
  const groups = new Map<string, EndedCredential[]>();
  for (const each of all) {
    const group = groups.get(each.account);
    if (group) group.push(each);
    else groups.set(each.account, [each]);
  }
  return groups;
}

function hasEnded(ofAccount: readonly EndedCredential[], { id, started_at }: StartedCredential): boolean {
  return ofAccount.some((ended) => ended.id === id || (ended.id === null && started_at <= ended.startedBy));
}
