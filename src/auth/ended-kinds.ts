/** The kinds of credentials that can be ended, with their limits and the formats of their files. */
import { z } from 'zod';
import type { EndedCredential, EndedKind } from './ended-credentials.ts';
import { sessionLifetimeMs } from './sessions.ts';
import { pairLifetimeMs } from './tokens.ts';

const instant = z.iso.datetime();
const textOf = (ms: number): string => new Date(ms).toISOString();

const sessionsFile = z.strictObject({
  version: z.literal(1),
  sessions: z.array(
    z.strictObject({
      account: z.uuid(),
      /** null for all sessions of the account that had started by `ended_at`. */
      session: z.uuid().nullable(),
      ended_at: instant,
      forget_at: instant,
    }),
  ),
});

/** Sessions, and sign-in links: a link that was used has ended. */
export const endedSessions: EndedKind<z.infer<typeof sessionsFile>> = {
  schema: sessionsFile,
  lifetimeMs: sessionLifetimeMs,
  // If a user signs out every 15 minutes, the older half has expired once there are more.
  maxPerAccount: 150,
  // The file has the end only, which is later than the start, unless the clock was set back in between.
  startedBy: ({ started_at }, now) => Math.max(started_at, now),
  listOf: ({ sessions }) =>
    sessions.map(({ account, session: id, ended_at, forget_at }) => entry(account, id, ended_at, forget_at)),
  fileOf: (list) => ({
    version: 1,
    sessions: list.map(({ account, id, startedBy, forgetAt }) => ({
      account,
      session: id,
      ended_at: textOf(startedBy),
      forget_at: textOf(forgetAt),
    })),
  }),
};

const tokensFile = z.strictObject({
  version: z.literal(1),
  tokens: z.array(
    z.strictObject({
      account: z.uuid(),
      /** null for all refresh tokens of the account that had started by `started_at`. */
      token: z.uuid().nullable(),
      started_at: instant,
      forget_at: instant,
    }),
  ),
});

/** Refresh tokens. A file of their own: programs sign in often, and must not end the sessions of their user by that. */
export const endedTokens: EndedKind<z.infer<typeof tokensFile>> = {
  schema: tokensFile,
  lifetimeMs: pairLifetimeMs,
  // If a program signs in and out every five minutes, the older half has expired once there are more.
  maxPerAccount: 600,
  startedBy: ({ started_at }) => started_at,
  listOf: ({ tokens }) =>
    tokens.map(({ account, token: id, started_at, forget_at }) => entry(account, id, started_at, forget_at)),
  fileOf: (list) => ({
    version: 1,
    tokens: list.map(({ account, id, startedBy, forgetAt }) => ({
      account,
      token: id,
      started_at: textOf(startedBy),
      forget_at: textOf(forgetAt),
    })),
  }),
};

function entry(account: string, id: string | null, startedBy: string, forgetAt: string): EndedCredential {
  return { account, id, startedBy: Date.parse(startedBy), forgetAt: Date.parse(forgetAt) };
}
