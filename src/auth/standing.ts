import type { Accounts } from './accounts.ts';
import type { ApiKeys } from './api-keys.ts';
import type { EndedSessions } from './ended-sessions.ts';
import type { Principal } from './principal.ts';

/** Whether what somebody was let in with still holds: their account, and the key or session that it was. */
export interface Standing {
  /** From memory, at most about a second old. Ends of their own, such as a token's, are not looked at. */
  holds(principal: Principal): boolean;
  /** The same, with another look at the files before it says no: another process may know of something newer. */
  confirm(principal: Principal): Promise<boolean>;
  /** Calls `listener` when something may no longer hold. */
  onChange(listener: () => void): void;
}

interface Dependencies {
  readonly accounts: Pick<Accounts, 'find' | 'refresh' | 'onChange'>;
  readonly keys: Pick<ApiKeys, 'has' | 'refresh' | 'onChange'>;
  readonly endedSessions: Pick<EndedSessions, 'has' | 'refresh' | 'onChange'>;
}

export function createStanding({ accounts, keys, endedSessions }: Dependencies): Standing {
  function credentialHolds({ id, credential }: Principal): boolean {
    switch (credential.type) {
      case 'token':
        return true;
      case 'key':
        return keys.has(id, credential.prefix);
      case 'session':
        return !endedSessions.has(id, credential);
      case 'identity-provider':
        return false;
    }
  }

  function holds(principal: Principal): boolean {
    const { id, generation } = principal;
    return accounts.find(id)?.generation === generation && credentialHolds(principal);
  }

  return {
    holds,
    async confirm(principal) {
      if (holds(principal)) return true;
      await Promise.all([accounts.refresh(), keys.refresh(), endedSessions.refresh()]);
      return holds(principal);
    },
    onChange(listener) {
      for (const source of [accounts, keys, endedSessions]) source.onChange(listener);
    },
  };
}

/** Of whoever comes from an identity provider: their tokens hold until they end. */
export const untilExpiry: Standing = {
  holds: ({ credential }) => credential.type === 'identity-provider',
  confirm: async ({ credential }) => credential.type === 'identity-provider',
  onChange: () => undefined,
};
