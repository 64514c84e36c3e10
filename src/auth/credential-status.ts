import type { Accounts } from './accounts.ts';
import type { ApiKeys } from './api-keys.ts';
import type { EndedCredentials } from './ended-credentials.ts';
import type { Principal } from './principal.ts';

/** Whether a credential is still valid: its account, and the API key, session or refresh token itself. */
export interface CredentialStatus {
  /** Checks the lists in memory, which are at most about a second old. Ignores expiry, such as a token's. */
  isValid(principal: Principal): boolean;
  /** Checks the files again before it returns false: another process may have written something newer. */
  confirm(principal: Principal): Promise<boolean>;
  /** Calls `listener` when a credential may no longer be valid. */
  onChange(listener: () => void): void;
}

interface Dependencies {
  readonly accounts: Pick<Accounts, 'find' | 'refresh' | 'onChange'>;
  readonly keys: Pick<ApiKeys, 'has' | 'refresh' | 'onChange'>;
  readonly endedSessions: Pick<EndedCredentials, 'has' | 'refresh' | 'onChange'>;
  readonly endedTokens: Pick<EndedCredentials, 'has' | 'refresh' | 'onChange'>;
}

export function createCredentialStatus(dependencies: Dependencies): CredentialStatus {
  const { accounts, keys, endedSessions, endedTokens } = dependencies;
  const sources = [accounts, keys, endedSessions, endedTokens];

  function isCredentialValid({ id, credential }: Principal): boolean {
    switch (credential.type) {
      case 'token':
        return !endedTokens.has(id, credential.refresh);
      case 'key':
        return keys.has(id, credential.prefix);
      case 'session':
        return !endedSessions.has(id, credential);
      case 'identity-provider':
        return false;
    }
  }

  function isValid(principal: Principal): boolean {
    const { id, generation } = principal;
    return accounts.find(id)?.generation === generation && isCredentialValid(principal);
  }

  return {
    isValid,
    async confirm(principal) {
      if (isValid(principal)) return true;
      await Promise.all(sources.map((source) => source.refresh()));
      return isValid(principal);
    },
    onChange(listener) {
      for (const source of sources) source.onChange(listener);
    },
  };
}

/** Status of the credentials of an identity provider's users: they are valid until they expire. */
export const validUntilExpiry: CredentialStatus = {
  isValid: ({ credential }) => credential.type === 'identity-provider',
  confirm: async ({ credential }) => credential.type === 'identity-provider',
  onChange: () => undefined,
};
