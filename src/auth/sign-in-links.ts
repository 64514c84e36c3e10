import type { Account } from './accounts.ts';
import type { EndedCredentials } from './ended-credentials.ts';
import { createSigned } from './signed.ts';
import { invalidToken } from './rejections.ts';

/** Links that sign a user in to the dashboard without a password, once, within a quarter of an hour. */
export interface SignInLinks {
  /** @returns the token for the link's fragment, which browsers don't send to servers. */
  issue(account: Account): Promise<string>;
  /**
   * @throws AppError token_not_valid if it is malformed, forged, expired or used, or its account was deleted
   * or changed.
   */
  redeem(link: string): Promise<Account>;
}

const lifetimeMs = 15 * 60_000;

interface Dependencies {
  readonly secret: string;
  /** Returns the account, if it has this generation. */
  readonly accountOf: (id: string, generation: number) => Promise<Account | undefined>;
  /** Records a used link as an ended session, so that it works only once across all API processes. */
  readonly endedSessions: Pick<EndedCredentials, 'add'>;
  readonly now?: () => number;
}

/** @throws {RangeError} if the secret is too short. */
export function createSignInLinks({
  secret,
  accountOf,
  endedSessions,
  now = Date.now,
}: Dependencies): SignInLinks {
  const kind = { secret, purpose: 'links', rejectedAs: 'link', lifetimeMs, now } as const;
  const signed = createSigned({ ...kind, isForOneUse: true });
  return {
    async issue(account) {
      return (await signed.issue(account)).text;
    },
    async redeem(link) {
      const { sub, gen, jti, started_at, exp } = await signed.read(link);
      const account = await accountOf(sub, gen);
      if (account === undefined) throw invalidToken('link', 'the account was deleted or changed');
      const isFirst = await endedSessions.add(sub, { id: jti, started_at }, exp * 1000);
      if (!isFirst) throw invalidToken('link', 'already used');
      return account;
    },
  };
}
