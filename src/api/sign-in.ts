import type { Context } from 'hono';
import type { Account } from '../auth/accounts.ts';
import type { LocalAccounts } from '../auth/gate.ts';
import { noLocalAccounts, reasonOf } from '../auth/rejections.ts';
import { AppError } from '../contract/errors.ts';
import type { CallerAddressOf } from './caller-address.ts';
import { countRequestOf } from './rate-limit.ts';
import type { ApiDependencies, ApiEnv } from './types.ts';

/** Checks the credentials that a route receives: a name and a password, a sign-in link, or a refresh token. */
export interface SignIn {
  /** Returns the local accounts. @throws AppError not_found if an identity provider has the accounts. */
  localAccounts(): LocalAccounts;
  /** @throws AppError no_active_account, too_many_requests */
  verify(c: Context<ApiEnv>, credentials: { username: string; password: string }): Promise<Account>;
  /** Redeems the token of a sign-in link. @throws AppError token_not_valid */
  redeem(c: Context<ApiEnv>, link: string): Promise<Account>;
  /** Returns a new access token. @throws AppError token_not_valid */
  refresh(c: Context<ApiEnv>, refreshToken: string): Promise<{ access: string }>;
  /** Ends a refresh token and its access tokens. @throws AppError token_not_valid, too_many_requests */
  end(c: Context<ApiEnv>, refreshToken: string): Promise<Account>;
}

export function createSignIn(
  { localAccounts, rate, logger }: Pick<ApiDependencies, 'localAccounts' | 'rate' | 'logger'>,
  callerAddressOf: CallerAddressOf,
): SignIn {
  function requireLocalAccounts(): LocalAccounts {
    if (localAccounts) return localAccounts;
    throw noLocalAccounts();
  }

  function logAccepted(c: Context<ApiEnv>, { id }: Account, text: string): void {
    logger.info({ address: callerAddressOf(c).address, account: id }, text);
  }

  /** Logs the reason if a credential is rejected. */
  async function checked<T>(c: Context<ApiEnv>, checking: Promise<T>, text: string): Promise<T> {
    try {
      return await checking;
    } catch (error) {
      logger.info({ address: callerAddressOf(c).address, reason: reasonOf(error) }, text);
      throw error;
    }
  }

  return {
    localAccounts: requireLocalAccounts,
    async verify(c, { username, password }) {
      const { accounts, throttle } = requireLocalAccounts();
      const { address } = callerAddressOf(c);
      const onRejected = () => logger.warn({ address }, 'sign-in rejected: too many failed attempts');
      const account = await throttle.guard({ name: username, address, onRejected }, () =>
        accounts.verifyPassword(username, password),
      );
      if (account) {
        logAccepted(c, account, 'signed in');
        return account;
      }
      // Logged without the name, which can be a password typed into the wrong field.
      logger.info({ address }, 'sign-in failed');
      throw new AppError('no_active_account', 'No active account found with the given credentials');
    },
    async redeem(c, link) {
      const { links } = requireLocalAccounts();
      const account = await checked(c, links.redeem(link), 'sign-in by link failed');
      logAccepted(c, account, 'signed in by link');
      return account;
    },
    async refresh(c, refreshToken) {
      const { tokens } = requireLocalAccounts();
      const refreshing = tokens.refresh(refreshToken);
      const { account, access } = await checked(c, refreshing, 'refresh of a token failed');
      logAccepted(c, account, 'access token refreshed');
      return { access };
    },
    async end(c, refreshToken) {
      const { tokens } = requireLocalAccounts();
      const ending = tokens.end(refreshToken, ({ id }) => countRequestOf(c, rate, id));
      const account = await checked(c, ending, 'end of a refresh token failed');
      logAccepted(c, account, 'refresh token ended');
      return account;
    },
  };
}
