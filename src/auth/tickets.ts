import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { z } from 'zod';
import { deriveKey } from './keys.ts';
import { type Principal, principal } from './principal.ts';
import { createReadSigned, issuer } from './read-signed.ts';
import { invalidToken } from './rejections.ts';
import type { CredentialStatus } from './credential-status.ts';

/**
 * Tickets open a WebSocket from a browser, which cannot send a header. They appear in URLs, and so in logs.
 * Therefore they live for 30 seconds and work once (per process: nothing is shared between API processes).
 */
export interface Tickets {
  issue(principal: Principal): Promise<string>;
  /**
   * @returns the principal that requested the ticket, with no more rights than it had then.
   * @throws AppError token_not_valid if it is malformed, forged, expired or used, or the credential that
   * requested it is no longer valid.
   */
  redeem(ticket: string): Promise<Principal>;
}

const lifetimeSeconds = 30;
const audience = 'taskbell-ticket';
const sweepEveryMs = 1_000;

const claimsSchema = z.object({ jti: z.uuid(), exp: z.int(), principal });

interface Dependencies {
  readonly secret: string;
  readonly credentialStatus: Pick<CredentialStatus, 'confirm'>;
  readonly now?: () => number;
  /** Maximum number of used tickets remembered. When full, tickets are rejected rather than accepted twice. */
  readonly maxRemembered?: number;
}

/** @throws {RangeError} if the secret is too short. */
export function createTickets({
  secret,
  credentialStatus,
  now = Date.now,
  maxRemembered = 100_000,
}: Dependencies): Tickets {
  const key = deriveKey(secret, 'tickets');
  const used = createUsedSet(now, maxRemembered);
  const kind = { key, audience, schema: claimsSchema, rejectedAs: 'ticket', now } as const;
  const read = createReadSigned({ ...kind, isForOneUse: true });

  return {
    issue(principal) {
      const issuedAt = Math.floor(now() / 1000);
      return new SignJWT({ principal })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setJti(randomUUID())
        .setIssuer(issuer)
        .setAudience(audience)
        .setExpirationTime(issuedAt + lifetimeSeconds)
        .sign(key);
    },
    async redeem(ticket) {
      const { jti, exp, principal } = await read(ticket);
      const { expiresAt } = principal;
      if (expiresAt !== null && expiresAt <= now())
        throw invalidToken('ticket', 'the credential that requested it has expired');
      // Marked as used before the next await, so that of two concurrent redemptions only one succeeds.
      if (!used.add(jti, exp * 1000)) throw invalidToken('ticket', 'already used');
      if (!(await credentialStatus.confirm(principal)))
        throw invalidToken('ticket', 'the credential that requested it is no longer valid');
      return principal;
    },
  };
}

/** Remembers up to `max` ids until they expire. */
function createUsedSet(now: () => number, max: number) {
  const expiries = new Map<string, number>();
  let sweptAt = now();

  function sweep(): void {
    for (const [id, expiresAt] of expiries) if (expiresAt <= now()) expiries.delete(id);
    sweptAt = now();
  }

  return {
    /** @returns false if the id is known, or no more can be remembered. */
    add(id: string, expiresAt: number): boolean {
      if (Math.abs(now() - sweptAt) >= sweepEveryMs) sweep();
      if (expiries.has(id) || expiries.size >= max) return false;
      expiries.set(id, expiresAt);
      return true;
    },
  };
}
