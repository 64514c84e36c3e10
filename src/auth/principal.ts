import { z } from 'zod';
import { AppError } from '../contract/errors.ts';
import { accountRole } from '../contract/account.ts';

/** `read` allows reading and watching, `write` changing; neither implies the other. */
export const scope = z.enum(['read', 'write']);
export type Scope = z.infer<typeof scope>;

/** Scopes of interactive sign-ins; API keys may have fewer. */
export const allScopes: readonly Scope[] = scope.options;

/** The credential behind the request, for those that can be revoked early. */
const credential = z.discriminatedUnion('type', [
  /**
   * `refresh` is the refresh token that the access token ends with: the one of its pair, or the one that was exchanged
   * for it. Tokens of earlier versions don't name it.
   */
  z.object({
    type: z.literal('token'),
    refresh: z.object({ id: z.uuid(), started_at: z.int() }).optional(),
  }),
  z.object({ type: z.literal('key'), prefix: z.string() }),
  z.object({ type: z.literal('session'), id: z.string(), started_at: z.int() }),
  /** A token of an identity provider, which doesn't notify us when it is revoked. */
  z.object({ type: z.literal('identity-provider') }),
]);

/** The caller of a request, checked against the current accounts. Tickets carry it too. */
export const principal = z.object({
  /** The account's id, and the owner of its tasks. */
  id: z.uuid(),
  name: z.string(),
  role: accountRole,
  /** The account's generation when it was authenticated. */
  generation: z.int(),
  scopes: z.array(scope).readonly(),
  credential,
  /**
   * When the credential expires, in milliseconds since 1970; sockets opened with it close then too. null for an API key
   * that never expires.
   */
  expiresAt: z.int().nullable(),
});
export type Principal = Readonly<z.infer<typeof principal>>;

/** Returns whether the caller may see what it did not send itself. */
export function mayRead({ scopes }: Pick<Principal, 'scopes'>): boolean {
  return scopes.includes('read');
}

/** @throws {AppError} forbidden, naming the scope. */
export function assertScope({ scopes }: Pick<Principal, 'scopes'>, needed: Scope): void {
  if (!scopes.includes(needed)) {
    throw new AppError('forbidden', `This API key does not have the scope "${needed}".`);
  }
}
