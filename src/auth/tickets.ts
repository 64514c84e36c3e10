import { randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { Accounts } from './accounts.ts';
import { deriveKey } from './keys.ts';
import { currentAccount, type Principal } from './tokens.ts';

/** The ticket is malformed, forged, expired, used, or its account is gone or changed. */
export class InvalidTicket extends Error {
  override readonly name = 'InvalidTicket';
}

/**
 * Tickets open a WebSocket from a browser, which cannot send a header. They stand in URLs, hence in logs: so they live for
 * 30 seconds and are good once (per process: nothing is shared between API processes).
 */
export interface Tickets {
  issue(principal: Principal): Promise<string>;
  /** @returns the principal, with the end of the access token that asked for the ticket. @throws {InvalidTicket} */
  redeem(ticket: string): Promise<Principal>;
}

const LIFETIME_SECONDS = 30;
const AUDIENCE = 'taskbell-ticket';
const ISSUER = 'taskbell';
const MAX_LENGTH = 2_048;
const SWEEP_EVERY_MS = 1_000;

const claimsSchema = z.object({
  sub: z.uuid(),
  jti: z.uuid(),
  gen: z.int(),
  exp: z.int(),
  /** The end of the access token, in milliseconds since 1970. */
  access_expires_at: z.int(),
});

interface Dependencies {
  readonly secret: string;
  readonly accounts: Pick<Accounts, 'find' | 'refresh'>;
  readonly now?: () => number;
  /** How many used tickets are remembered; when full, tickets are refused rather than accepted twice. */
  readonly maxRemembered?: number;
}

/** @throws {RangeError} the secret is too short. */
export function createTickets({
  secret,
  accounts,
  now = Date.now,
  maxRemembered = 100_000,
}: Dependencies): Tickets {
  const key = deriveKey(secret, 'tickets');
  const used = createUsedSet(now, maxRemembered);

  async function readClaims(ticket: string): Promise<z.infer<typeof claimsSchema>> {
    if (ticket.length > MAX_LENGTH) throw new InvalidTicket('too long');
    try {
      const options = { algorithms: ['HS256'], typ: 'JWT', issuer: ISSUER, audience: AUDIENCE };
      const { payload } = await jwtVerify(ticket, key, { ...options, currentDate: new Date(now()) });
      return claimsSchema.parse(payload);
    } catch (error) {
      if (!(error instanceof errors.JOSEError || error instanceof z.ZodError)) throw error;
      throw new InvalidTicket(error.message, { cause: error });
    }
  }

  return {
    issue({ id, generation, expiresAt }) {
      const issuedAt = Math.floor(now() / 1000);
      return new SignJWT({ gen: generation, access_expires_at: expiresAt })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setSubject(id)
        .setJti(randomUUID())
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setExpirationTime(issuedAt + LIFETIME_SECONDS)
        .sign(key);
    },
    async redeem(ticket) {
      const claims = await readClaims(ticket);
      if (claims.access_expires_at <= now()) throw new InvalidTicket('its access token has expired');
      // Before the next await: of two redemptions at once, one gets through.
      if (!used.add(claims.jti, claims.exp * 1000)) throw new InvalidTicket('used already');
      const account = await currentAccount(accounts, claims.sub, claims.gen);
      if (account === undefined) throw new InvalidTicket('the account is gone or has changed');
      return { ...account, expiresAt: claims.access_expires_at };
    },
  };
}

/** Remembers ids until they expire, `max` of them. */
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
      if (Math.abs(now() - sweptAt) >= SWEEP_EVERY_MS) sweep();
      if (expiries.has(id) || expiries.size >= max) return false;
      expiries.set(id, expiresAt);
      return true;
    },
  };
}
