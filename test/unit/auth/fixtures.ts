import { pbkdf2Sync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Account, type Accounts, createAccounts } from '../../../src/auth/accounts.ts';
import { allScopes, type Principal } from '../../../src/auth/principal.ts';
import type { EndedCredentials } from '../../../src/auth/ended-credentials.ts';
import { createCredentialStatus } from '../../../src/auth/credential-status.ts';

/** What the error of a token that is not valid matches. */
export const notValid = { code: 'token_not_valid' };

export const secret = 'a secret of the tests, longer than 32 characters';

/** Creates a home folder that is removed after the test. */
export async function temporaryHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'taskbell-auth-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  return home;
}

/** Returns accounts that are closed after the test, and the errors they report. */
export async function followedAccounts(usersFile: string, refreshEveryMs = 20) {
  const errors: unknown[] = [];
  const accounts = await createAccounts({
    usersFile,
    refreshEveryMs,
    onError: (error) => errors.push(error),
  });
  onTestFinished(() => accounts.close());
  return { accounts, errors };
}

/** Returns accounts without a file. Tests change `known`; `onRefresh` sets the change that a refresh finds. */
export function accountsInMemory(...initial: Account[]) {
  const known = new Map(initial.map((account) => [account.id, account]));
  let onRefresh = () => {};
  const accounts: Pick<Accounts, 'find' | 'refresh'> = {
    find: (id) => known.get(id),
    refresh: () => Promise.resolve(onRefresh()),
  };
  return { accounts, known, onRefresh: (change: () => void) => void (onRefresh = change) };
}

export const alice: Account = {
  id: 'b4b4b0fc-1a57-4d0a-8d6e-6d5ad1a0a001',
  name: 'alice',
  role: 'user',
  generation: 3,
};

/** Encodes a password as django.contrib.auth.hashers.PBKDF2PasswordHasher does. */
export function djangoHash(password: string, iterations = 10_000, salt = 'nZ3sJ0aKq1Bv'): string {
  const digest = pbkdf2Sync(password, salt, iterations, 32, 'sha256').toString('base64');
  return `pbkdf2_sha256$${iterations}$${salt}$${digest}`;
}

/** Returns the principal of an account that signed in with a token that expires then. */
export function signedIn(account: Account, expiresAt: number): Principal {
  return { ...account, scopes: allScopes, credential: { type: 'token' }, expiresAt };
}

/** Ended credentials of one kind: none, even after one is added. */
export const noneEnded = { has: () => false, add: async () => true };

/** Returns the credential status of accounts without keys and sessions. */
export function credentialStatusOf(
  accounts: Pick<Accounts, 'find' | 'refresh'>,
  endedTokens: Pick<EndedCredentials, 'has'> = noneEnded,
) {
  const nothing = { refresh: () => Promise.resolve(), onChange: () => () => undefined };
  return createCredentialStatus({
    accounts: { ...accounts, onChange: nothing.onChange },
    keys: { ...nothing, has: () => false },
    endedSessions: { ...nothing, has: () => false },
    endedTokens: { ...nothing, ...endedTokens },
  });
}
