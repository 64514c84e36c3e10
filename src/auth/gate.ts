import { type Account, type Accounts, createAccounts } from './accounts.ts';
import { createApiKeys } from './api-keys.ts';
import { type Authenticate, createAuthenticate } from './authenticate.ts';
import { createEndedCredentials } from './ended-credentials.ts';
import { endedSessions as sessionKind, endedTokens as tokenKind } from './ended-kinds.ts';
import { createFirstUserRecord } from './first-user.ts';
import { createIdentityProvider, type IdentityProviderOptions } from './identity-provider.ts';
import { endedSessionsFilePath, endedTokensFilePath, keysFilePath, usersFilePath } from './paths.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { createSignInLinks, type SignInLinks } from './sign-in-links.ts';
import { createCredentialStatus, type CredentialStatus, validUntilExpiry } from './credential-status.ts';
import { createThrottle, type Throttle } from './throttle.ts';
import { createTickets, type Tickets } from './tickets.ts';
import { createTokens, currentAccount, type Tokens } from './tokens.ts';
import { noTelemetry, type Telemetry } from '../metrics/telemetry.ts';

/** Local accounts: their passwords, tokens, sessions and sign-in links. */
export interface LocalAccounts {
  readonly accounts: Pick<Accounts, 'verifyPassword'>;
  readonly tokens: Tokens;
  readonly sessions: Sessions;
  readonly links: Pick<SignInLinks, 'redeem'>;
  readonly throttle: Throttle;
}

/** Decides who gets in, and whether they can stay. Created by an API process, which closes it. */
export interface Gate {
  readonly authenticate: Authenticate;
  readonly tickets: Tickets;
  readonly credentialStatus: CredentialStatus;
  /** undefined if an identity provider has the accounts. */
  readonly localAccounts: LocalAccounts | undefined;
  close(): void;
}

export interface GateOptions {
  /** TASKBELL_HOME. */
  readonly home: string;
  readonly secret: string;
  readonly identityProvider: IdentityProviderOptions | undefined;
  /** Called on a fault in one of the files. The last good view stays in use. */
  readonly onError: (error: unknown) => void;
  /** Called with the reason when a token of the identity provider is not valid; at most once a minute for each. */
  readonly onRejectedToken: (reason: string) => void;
  /** Called with the public prefix of a rejected API key, and the reason. */
  readonly onKeyRejected?: (prefix: string, reason: string) => void;
  /** Called when all older credentials of a kind end, because the account has ended too many of them. */
  readonly onTooManyEnded?: (kind: 'sessions' | 'refresh tokens', account: string) => void;
  readonly telemetry?: Telemetry;
}

/**
 * @throws {ListFileError} if one of the files is corrupt. @throws {RangeError} if the secret is too short.
 */
export async function createGate(options: GateOptions): Promise<Gate> {
  const { home, secret, identityProvider, onError, onRejectedToken, telemetry = noTelemetry } = options;
  const { onTooManyEnded = () => undefined } = options;
  if (identityProvider !== undefined) {
    return {
      authenticate: createAuthenticate({ tokens: createIdentityProvider(identityProvider, onRejectedToken) }),
      tickets: createTickets({ secret, credentialStatus: validUntilExpiry }),
      credentialStatus: validUntilExpiry,
      localAccounts: undefined,
      close: () => undefined,
    };
  }
  const onKeyRejected = options.onKeyRejected && { onKeyRejected: options.onKeyRejected };
  const accounts = await createAccounts({ usersFile: usersFilePath(home), onError });
  const keys = await createApiKeys({ accounts, path: keysFilePath(home), onError });
  const endedSessions = await createEndedCredentials({
    kind: sessionKind,
    path: endedSessionsFilePath(home),
    onError,
    onTooMany: (account) => onTooManyEnded('sessions', account),
  });
  const endedTokens = await createEndedCredentials({
    kind: tokenKind,
    path: endedTokensFilePath(home),
    onError,
    onTooMany: (account) => onTooManyEnded('refresh tokens', account),
  });
  const credentialStatus = createCredentialStatus({ accounts, keys, endedSessions, endedTokens });
  const accountOf = (id: string, generation: number) => currentAccount(accounts, id, generation);
  const tokens = createTokens({ secret, accounts, endedTokens });
  const links = createSignInLinks({ secret, accountOf, endedSessions });
  const firstUser = createFirstUserRecord(home);
  async function noteSignIn({ name }: Account): Promise<void> {
    try {
      await firstUser.signedIn(name);
    } catch (error) {
      // The next start prints another link, which harms nothing; the sign-in is valid.
      onError(error);
    }
  }
  return {
    authenticate: createAuthenticate({ tokens, keys, ...onKeyRejected }),
    tickets: createTickets({ secret, credentialStatus }),
    credentialStatus,
    localAccounts: {
      accounts: {
        async verifyPassword(name, password) {
          const account = await accounts.verifyPassword(name, password);
          if (account !== undefined) await noteSignIn(account);
          return account;
        },
      },
      tokens,
      sessions: createSessions({ secret, accountOf, credentialStatus, endedSessions }),
      links: {
        async redeem(link) {
          const account = await links.redeem(link);
          await noteSignIn(account);
          return account;
        },
      },
      throttle: createThrottle({ telemetry }),
    },
    close() {
      for (const each of [endedTokens, endedSessions, keys, accounts]) each.close();
    },
  };
}
