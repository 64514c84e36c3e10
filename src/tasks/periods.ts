/** Periods of the same length, aligned to multiples of it since the epoch. Instants in milliseconds. */
export interface Periods {
  readonly from: number;
  /** End of the last period, which contains `now`. */
  readonly to: number;
  readonly starts: readonly number[];
}

export function periodsUntil(now: number, count: number, lengthMs: number): Periods {
  const to = (Math.floor(now / lengthMs) + 1) * lengthMs;
  const from = to - count * lengthMs;
  return { from, to, starts: Array.from({ length: count }, (_, index) => from + index * lengthMs) };
}

/** Counts the instants in each of `count` consecutive periods, the first of which starts at `from`. */
export function tally(
  instants: readonly number[],
  { from, count, lengthMs }: { from: number; count: number; lengthMs: number },
): number[] {
  const counts = Array.from({ length: count }, () => 0);
  for (const at of instants) {
    const index = Math.floor((at - from) / lengthMs);
    const before = counts[index];
    if (before !== undefined) counts[index] = before + 1;
  }
  return counts;
}
