import { z } from 'zod';
import { type ListFormat, updateListFile } from '../lib/list-file.ts';
import { type FollowOptions, followList } from '../lib/list-follower.ts';
import type { Principal } from './principal.ts';

const endedSession = z.strictObject({
  account: z.uuid(),
  /** null for all sessions of the account that had started by `ended_at`. */
  session: z.uuid().nullable(),
  ended_at: z.iso.datetime(),
  /** When the entry is no longer needed, because the session would have expired by itself. */
  forget_at: z.iso.datetime(),
});
type EndedSession = z.infer<typeof endedSession>;

const endedSessionsFile = z.strictObject({ version: z.literal(1), sessions: z.array(endedSession) });

const format: ListFormat<EndedSession, z.infer<typeof endedSessionsFile>> = {
  schema: endedSessionsFile,
  listOf: ({ sessions }) => sessions,
  fileOf: (sessions) => ({ version: 1, sessions: [...sessions] }),
};

/** Lifetime of a session from sign-in, regardless of activity, in milliseconds. */
export const sessionLifetimeMs = 12 * 60 * 60 * 1000;

export type SessionCredential = Extract<Principal['credential'], { type: 'session' }>;
type StartedSession = Pick<SessionCredential, 'id' | 'started_at'>;

/**
 * The sessions that were signed out before they expired, in a file that all API processes share. Sessions themselves
 * are signed, and stored nowhere. Checks the file every second. Closed by its creator. Refresh tokens that were ended
 * are kept in the same way, in another file: an account that ends many of them keeps its sessions.
 */
export interface EndedSessions {
  /** Returns whether a session has ended. From memory, at most about a second old. */
  has(account: string, session: StartedSession): boolean;
  /**
   * Ends a session for good. `expiresAt` is when it would expire by itself, in milliseconds since 1970.
   * @returns false if it had already ended: if several calls end it at once, one gets true.
   */
  add(account: string, session: StartedSession, expiresAt: number): Promise<boolean>;
  refresh(): Promise<void>;
  onChange(listener: () => void): void;
  close(): void;
}

interface Options extends FollowOptions {
  readonly now?: () => number;
  /** Maximum lifetime of what is ended, in milliseconds; that of a session by default. */
  readonly lifetimeMs?: number;
  /** Maximum number of sessions of one account that are stored separately. */
  readonly maxPerAccount?: number;
}

/** @throws {ListFileError} if the file is corrupt. */
export async function createEndedSessions(options: Options): Promise<EndedSessions> {
  const { now = Date.now, lifetimeMs = sessionLifetimeMs, maxPerAccount = 50 } = options;
  const follower = await followList(format, options);
  let entries = byAccount(follower.list());
  follower.onChange(() => (entries = byAccount(follower.list())));

  function with1More(all: readonly EndedSession[], added: EndedSession): EndedSession[] {
    const remembered = all.filter(({ forget_at }) => Date.parse(forget_at) > now());
    const others = remembered.filter(({ account }) => account !== added.account);
    const own = remembered.filter(({ account }) => account === added.account);
    if (own.length < maxPerAccount) return [...remembered, added];
    // A user who keeps signing out must not fill the file: end all the account's sessions so far instead.
    const forget_at = new Date(now() + lifetimeMs).toISOString();
    return [...others, { ...added, session: null, forget_at }];
  }

  return {
    has: (account, session) => hasEnded(entries.get(account) ?? [], session),
    async add(account, session, expiresAt) {
      const added = {
        account,
        session: session.id,
        ended_at: new Date(now()).toISOString(),
        forget_at: new Date(expiresAt).toISOString(),
      };
      let isNew = false;
      await updateListFile(options.path, format, (all) => {
        isNew = !hasEnded(byAccount(all).get(account) ?? [], session);
        return isNew ? with1More(all, added) : all;
      });
      await follower.refresh();
      return isNew;
    },
    refresh: () => follower.refresh(),
    onChange: (listener) => follower.onChange(listener),
    close: () => follower.close(),
  };
}

/** Groups the entries by account: almost every request looks for those of its own. */
function byAccount(all: readonly EndedSession[]): ReadonlyMap<string, readonly EndedSession[]> {
  const groups = new Map<string, EndedSession[]>();
  for (const each of all) {
    const group = groups.get(each.account);
    if (group) group.push(each);
    else groups.set(each.account, [each]);
  }
  return groups;
}

function hasEnded(ofAccount: readonly EndedSession[], { id, started_at }: StartedSession): boolean {
  return ofAccount.some(
    ({ session, ended_at }) => session === id || (session === null && started_at <= Date.parse(ended_at)),
  );
}
