import { z } from 'zod';
import { AppError } from '../contract/errors.ts';
import { role } from './users-file.ts';

/** `read` lets see and watch, `write` change; neither implies the other. */
export const scope = z.enum(['read', 'write']);
export type Scope = z.infer<typeof scope>;

/** Of whoever signed in themselves. */
export const allScopes: readonly Scope[] = scope.options;

/** What somebody was let in with, as far as it can be ended before its time. */
const credential = z.discriminatedUnion('type', [
  z.object({ type: z.literal('token') }),
  z.object({ type: z.literal('key'), prefix: z.string() }),
  z.object({ type: z.literal('session'), id: z.string(), started_at: z.int() }),
  /** A token of an identity provider: nobody tells us that it has been withdrawn. */
  z.object({ type: z.literal('identity-provider') }),
]);

/** Who makes a request, checked against the accounts of the moment; tickets carry it on. */
export const principal = z.object({
  /** The account's id, and the owner of its tasks. */
  id: z.uuid(),
  name: z.string(),
  role,
  /** The account's generation when it was let in. */
  generation: z.int(),
  scopes: z.array(scope).readonly(),
  credential,
  /**
   * When the credential ends, in milliseconds since 1970; sockets opened with it end then too. null: an API key without
   * an end.
   */
  expiresAt: z.int().nullable(),
});
export type Principal = Readonly<z.infer<typeof principal>>;

/** @throws {AppError} forbidden, naming the scope. */
export function assertScope({ scopes }: Pick<Principal, 'scopes'>, needed: Scope): void {
  if (!scopes.includes(needed)) {
    throw new AppError('forbidden', `This API key does not have the scope "${needed}".`);
  }
}
