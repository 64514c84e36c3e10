interface Bucket {
  tokens: number;
  filledAt: number;
}

export const windowSeconds = 60;
/** Number of buckets from which on full ones are dropped: a full bucket is the same as none. */
const manyBuckets = 10_000;

export interface RateLimit {
  readonly perMinute: number;
  /**
   * Takes requests from an account's allowance, all or none.
   * @param cost Number of requests, 1 by default. More than a whole allowance counts as a whole one.
   */
  take(account: string, cost?: number): Taken;
}

export interface Taken {
  readonly allowed: boolean;
  readonly left: number;
  readonly fullInSeconds: number;
  /** Seconds until as much is allowed as was asked for; 0 if it was. */
  readonly allowedInSeconds: number;
}

/**
 * Creates a token bucket for each account: a minute's requests can come at once, and then only as fast as it refills.
 * Each API process counts for itself.
 */
export function createRateLimit(perMinute: number, now = () => performance.now()): RateLimit {
  const buckets = new Map<string, Bucket>();
  const perMs = perMinute / (windowSeconds * 1000);

  function filled(account: string): Bucket {
    const at = now();
    const bucket = buckets.get(account) ?? { tokens: perMinute, filledAt: at };
    bucket.tokens = Math.min(perMinute, bucket.tokens + (at - bucket.filledAt) * perMs);
    bucket.filledAt = at;
    return bucket;
  }

  function dropFull(): void {
    for (const account of buckets.keys()) if (filled(account).tokens >= perMinute) buckets.delete(account);
  }

  return {
    perMinute,
    take(account, cost = 1) {
      if (buckets.size >= manyBuckets) dropFull();
      const bucket = filled(account);
      buckets.set(account, bucket);
      const needed = Math.min(cost, perMinute);
      const allowed = bucket.tokens >= needed;
      const secondsFor = (tokens: number): number => Math.ceil(tokens / perMs / 1000);
      const allowedInSeconds = allowed ? 0 : secondsFor(needed - bucket.tokens);
      if (allowed) bucket.tokens -= needed;
      const fullInSeconds = secondsFor(perMinute - bucket.tokens);
      return { allowed, left: Math.floor(bucket.tokens), fullInSeconds, allowedInSeconds };
    },
  };
}
