interface Bucket {
  tokens: number;
  filledAt: number;
}

/** Number of buckets from which on full ones are dropped: a full bucket is the same as none. */
const manyBuckets = 10_000;

/** A token bucket for each account: a whole allowance can be taken at once, and then only as fast as it refills. */
export interface TokenBuckets {
  /**
   * Takes tokens from an account's allowance, all or none.
   * @param cost Number of tokens, 1 by default. More than a whole allowance counts as a whole one.
   */
  take(account: string, cost?: number): Taken;
  /**
   * Takes tokens that have been used already, even if the account has fewer: it then owes the rest, up to a whole
   * allowance, and is allowed nothing until that is repaid.
   */
  charge(account: string, cost: number): Taken;
  /** Gives tokens back. */
  giveBack(account: string, cost: number): void;
}

export interface Taken {
  readonly allowed: boolean;
  readonly left: number;
  readonly fullInSeconds: number;
  /** Seconds until as much is allowed as was asked for; 0 if it was allowed. */
  readonly allowedInSeconds: number;
}

/**
 * Creates the buckets of one process: each counts for itself, from its start.
 * @param capacity number of tokens of a full bucket.
 * @param refillMs time in which an empty one is full again, in milliseconds.
 */
export function createTokenBuckets(
  capacity: number,
  refillMs: number,
  now = () => performance.now(),
): TokenBuckets {
  const buckets = new Map<string, Bucket>();
  const perMs = capacity / refillMs;

  function filled(account: string): Bucket {
    const at = now();
    const bucket = buckets.get(account) ?? { tokens: capacity, filledAt: at };
    bucket.tokens = Math.min(capacity, bucket.tokens + (at - bucket.filledAt) * perMs);
    bucket.filledAt = at;
    return bucket;
  }

  function dropFull(): void {
    for (const account of buckets.keys()) if (filled(account).tokens >= capacity) buckets.delete(account);
  }

  function kept(account: string): Bucket {
    if (buckets.size >= manyBuckets) dropFull();
    const bucket = filled(account);
    buckets.set(account, bucket);
    return bucket;
  }

  const secondsFor = (tokens: number): number => Math.ceil(tokens / perMs / 1000);

  function taken({ tokens }: Bucket, missing: number): Taken {
    return {
      allowed: missing <= 0,
      left: Math.max(0, Math.floor(tokens)),
      fullInSeconds: secondsFor(capacity - tokens),
      allowedInSeconds: missing <= 0 ? 0 : secondsFor(missing),
    };
  }

  return {
    take(account, cost = 1) {
      const bucket = kept(account);
      const needed = Math.min(cost, capacity);
      const missing = needed - bucket.tokens;
      if (missing <= 0) bucket.tokens -= needed;
      return taken(bucket, missing);
    },
    charge(account, cost) {
      const bucket = kept(account);
      bucket.tokens = Math.max(-capacity, bucket.tokens - cost);
      return taken(bucket, 0);
    },
    giveBack(account, cost) {
      const bucket = buckets.get(account);
      if (bucket) bucket.tokens = Math.min(capacity, bucket.tokens + cost);
    },
  };
}

/** Time in which the allowance of requests refills, in seconds. */
export const windowSeconds = 60;

/** Limit of an account's requests: those of a minute can come at once. */
export interface RateLimit extends Pick<TokenBuckets, 'take' | 'charge'> {
  readonly perMinute: number;
}

/** Creates the limit of each account's requests. Each API process counts for itself. */
export function createRateLimit(perMinute: number, now?: () => number): RateLimit {
  const { take, charge } = createTokenBuckets(perMinute, windowSeconds * 1000, now);
  return { perMinute, take, charge };
}
