import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { z } from 'zod';
import type { Account } from './accounts.ts';
import { deriveKey, type KeyPurpose } from './keys.ts';
import { createReadSigned, issuer, type SignedKind } from './read-signed.ts';

const claimsSchema = z.object({
  /** The account. `gen` is its generation at the time. */
  sub: z.uuid(),
  gen: z.int(),
  jti: z.uuid(),
  /** When it was issued, in milliseconds since 1970; `iat` has only seconds. */
  started_at: z.int(),
  exp: z.int(),
});
export type SignedClaims = z.infer<typeof claimsSchema>;

/** Signed claims about an account, for our own use. Each kind has its own key and audience. */
export interface Signed {
  issue(account: Account): Promise<{ text: string; claims: SignedClaims }>;
  /** @throws AppError token_not_valid if it is malformed, forged, of another kind, or expired. */
  read(text: string): Promise<SignedClaims>;
}

interface Options extends Pick<SignedKind<unknown>, 'rejectedAs' | 'isForOneUse' | 'now'> {
  readonly secret: string;
  readonly purpose: KeyPurpose;
  readonly lifetimeMs: number;
}

/** @throws {RangeError} if the secret is too short. */
export function createSigned({ secret, purpose, lifetimeMs, ...kind }: Options): Signed {
  const key = deriveKey(secret, purpose);
  const audience = `taskbell-${purpose}`;
  return {
    async issue({ id, generation }) {
      const started_at = kind.now();
      const exp = Math.floor((started_at + lifetimeMs) / 1000);
      const claims = { sub: id, gen: generation, jti: randomUUID(), started_at, exp };
      const text = await new SignJWT({ ...claims, iss: issuer, aud: audience })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .sign(key);
      return { text, claims };
    },
    read: createReadSigned({ ...kind, key, audience, schema: claimsSchema }),
  };
}
