import type { AccountRole } from '../contract/account.ts';

/** The caller of a request. */
export interface Actor {
  readonly id: string;
  readonly name: string;
  readonly role: AccountRole;
}

/** Returns whether a caller may see and change what an owner has. */
export function mayAccess(actor: Actor, owner: string): boolean {
  return actor.role === 'admin' || actor.id === owner;
}
