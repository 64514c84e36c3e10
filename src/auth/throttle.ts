/**
 * Slows down whoever guesses passwords, before a guess costs a hash. Two counts, both by the client's address, so that
 * nobody can lock a user out from elsewhere:
 *
 * - of a name from an address: five failures within a minute, then waits of 30 s, 1 min, 2 min, … 15 min, with one more
 *   try after each. Signing in right forgets it.
 * - of an address, whatever the names: 60 failures within ten minutes, then none until those are over.
 *
 * Each process counts for itself. Counts of known and unknown names are the same.
 */
import { LeastRecent } from '../least-recent.ts';

/** Too many failed sign-ins, or too many at once. */
export class Throttled extends Error {
  override readonly name = 'Throttled';
  readonly retryAfterSeconds: number;
  constructor(retryAfterSeconds: number) {
    super('Too many failed sign-ins');
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export interface Throttle {
  /**
   * Runs an attempt to sign in, which resolves to undefined if it failed.
   * @throws {Throttled} before it runs. And whatever `attempt` throws: that counts for nothing.
   */
  guard<T>(
    who: { name: string; address: string },
    attempt: () => Promise<T | undefined>,
  ): Promise<T | undefined>;
}

/** Of a name from an address. */
interface Guesses {
  failures: number;
  /** Begun, and not known yet how they will end. */
  pending: number;
  firstFailureAt: number;
  blockedUntil: number;
  waiting: (() => void)[];
}

interface Address {
  failures: number;
  windowEndsAt: number;
}

const freeFailures = 5;
const windowMs = 60_000;
const firstBlockMs = 30_000;
const longestBlockMs = 15 * 60_000;
/** Without a failure for so long after a block, the next guesses are free again. */
const forgetMs = 15 * 60_000;
const addressFailures = 60;
const addressWindowMs = 10 * 60_000;
/** Guesses at once for one name from one address; a person makes one. */
const maxWaiting = 200;

export function createThrottle({ now = Date.now, maxRemembered = 10_000 } = {}): Throttle {
  const guesses = new LeastRecent<Guesses>(maxRemembered);
  const addresses = new LeastRecent<Address>(maxRemembered);

  function refuseBlocked(key: string, address: string): void {
    const blockedUntil = guesses.get(key)?.blockedUntil ?? 0;
    const { failures = 0, windowEndsAt = 0 } = addresses.get(address) ?? {};
    const until = Math.max(blockedUntil, failures >= addressFailures ? windowEndsAt : 0);
    if (until > now()) throw new Throttled(Math.ceil((until - now()) / 1000));
  }

  /** Those at once may be no more than the failures that are left: the others wait to see how these end. */
  async function begin(key: string, address: string): Promise<Guesses> {
    for (;;) {
      refuseBlocked(key, address);
      const known = forgetOld(guesses.get(key));
      const left = Math.max(1, freeFailures - known.failures);
      guesses.set(key, known);
      if (known.pending < left) {
        known.pending += 1;
        return known;
      }
      if (known.waiting.length >= maxWaiting) throw new Throttled(1);
      await new Promise<void>((resolve) => known.waiting.push(resolve));
    }
  }

  function forgetOld(known: Guesses | undefined): Guesses {
    if (known === undefined)
      return { failures: 0, pending: 0, firstFailureAt: 0, blockedUntil: 0, waiting: [] };
    const isOld =
      known.failures < freeFailures
        ? now() - known.firstFailureAt >= windowMs
        : now() - known.blockedUntil >= forgetMs;
    if (isOld) known.failures = 0;
    return known;
  }

  function countFailure(known: Guesses, address: string): void {
    if (known.failures === 0) known.firstFailureAt = now();
    known.failures += 1;
    const blocks = known.failures - freeFailures;
    if (blocks >= 0) known.blockedUntil = now() + Math.min(firstBlockMs * 2 ** blocks, longestBlockMs);
    const counted = addresses.get(address);
    const isOver = counted === undefined || counted.windowEndsAt <= now();
    const current = isOver ? { failures: 0, windowEndsAt: now() + addressWindowMs } : counted;
    current.failures += 1;
    addresses.set(address, current);
  }

  return {
    async guard({ name, address }, attempt) {
      // An address has no line end.
      const key = `${address}\n${name}`;
      const known = await begin(key, address);
      try {
        const signedIn = await attempt();
        if (signedIn === undefined) countFailure(known, address);
        else Object.assign(known, { failures: 0, blockedUntil: 0 });
        return signedIn;
      } finally {
        known.pending -= 1;
        for (const wake of known.waiting.splice(0)) wake();
        const isNothing = known.failures === 0 && known.pending === 0;
        if (isNothing && guesses.get(key) === known) guesses.delete(key);
      }
    },
  };
}
