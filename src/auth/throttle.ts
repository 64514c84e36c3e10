/**
 * Slows down password guessing, before a guess costs a hash. There are two limits, both by the client's address, so
 * that no one can lock a user out from elsewhere:
 *
 * - for a name from an address: five failures within a minute; then waits of 30 s, 1 min, 2 min, … up to 15
 *   min, with one more guess after each. A successful sign-in resets the count.
 * - for an address, whatever the names: 60 failures within ten minutes; then no more guesses until those ten
 *   minutes are over.
 *
 * Each process counts for itself. Known and unknown names are counted alike.
 */
import { AppError } from '../contract/errors.ts';
import { Lru } from '../lib/lru.ts';
import { noTelemetry, type Telemetry } from '../metrics/telemetry.ts';

export interface Throttle {
  /**
   * Runs an attempt to sign in, which resolves to undefined if it failed.
   * @param who.onRejected Called if there were too many failures, or too many attempts at once.
   * @throws AppError too_many_requests in the same cases, before the attempt runs. Also throws what `attempt`
   * throws, which is not counted.
   */
  guard<T>(
    who: { name: string; address: string; onRejected?: () => void },
    attempt: () => Promise<T | undefined>,
  ): Promise<T | undefined>;
}

/** The guesses for one name from one address. */
interface Guesses {
  failures: number;
  /** Guesses in progress, whose result is not known yet. */
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
/** Time after a block without another failure until guesses are free again, in milliseconds. */
const forgetMs = 15 * 60_000;
const addressFailures = 60;
const addressWindowMs = 10 * 60_000;
/** Maximum number of guesses that wait for one name from one address; a person makes one at a time. */
const maxWaiting = 200;

export interface ThrottleOptions {
  /** A clock that is never set, in milliseconds. */
  readonly now?: () => number;
  readonly maxRemembered?: number;
  readonly telemetry?: Telemetry;
}

export function createThrottle(options: ThrottleOptions = {}): Throttle {
  const { now = () => performance.now(), maxRemembered = 10_000, telemetry = noTelemetry } = options;
  const guesses = new Lru<Guesses>(maxRemembered);
  const addresses = new Lru<Address>(maxRemembered);

  function rejectBlocked(key: string, address: string): void {
    const blockedUntil = guesses.get(key)?.blockedUntil ?? 0;
    const { failures = 0, windowEndsAt = 0 } = addresses.get(address) ?? {};
    const until = Math.max(blockedUntil, failures >= addressFailures ? windowEndsAt : 0);
    if (until > now()) throw tooManyFailures(Math.ceil((until - now()) / 1000));
  }

  /** Lets no more guesses run at once than there are failures left. The others wait for their results. */
  async function begin(key: string, address: string): Promise<Guesses> {
    for (;;) {
      rejectBlocked(key, address);
      const known = forgetOld(guesses.get(key));
      const left = Math.max(1, freeFailures - known.failures);
      guesses.set(key, known);
      if (known.pending < left) {
        known.pending += 1;
        return known;
      }
      if (known.waiting.length >= maxWaiting) throw tooManyFailures(1);
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
    const hasEnded = counted === undefined || counted.windowEndsAt <= now();
    const current = hasEnded ? { failures: 0, windowEndsAt: now() + addressWindowMs } : counted;
    current.failures += 1;
    addresses.set(address, current);
  }

  return {
    async guard({ name, address, onRejected }, attempt) {
      // An address has no line break.
      const key = `${address}\n${name}`;
      const known = await begin(key, address).catch((error: unknown) => {
        telemetry.count('taskbell_rate_limited_total', { why: 'sign_ins' });
        onRejected?.();
        throw error;
      });
      try {
        const signedIn = await attempt();
        if (signedIn === undefined) {
          telemetry.count('taskbell_signin_failures_total', {});
          countFailure(known, address);
        } else Object.assign(known, { failures: 0, blockedUntil: 0 });
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

function tooManyFailures(retryAfterSeconds: number): AppError {
  const message = 'Too many failed sign-ins. Wait, then try again.';
  return new AppError('too_many_requests', message, { retryAfterSeconds });
}
