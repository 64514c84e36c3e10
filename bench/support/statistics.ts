/** Returns the value below which the given share of the values lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  // If the number of values is even, this is the mean of the middle two.
  return ((sorted[Math.ceil(half) - 1] ?? Number.NaN) + (sorted[Math.floor(half)] ?? Number.NaN)) / 2;
}

/** Returns a single value of each version. */
export function byVersion<R>(
  results: ReadonlyMap<string, R>,
  valueOf: (result: R) => number,
): Record<string, number[]> {
  return Object.fromEntries([...results].map(([name, result]) => [name, [valueOf(result)]]));
}

/** Returns a value of each round, by contender; leaves out contenders that have none. */
export function byContender<R>(
  rounds: ReadonlyMap<string, readonly R[]>,
  valueOf: (round: R) => number | undefined,
): Record<string, number[]> {
  const values = [...rounds].map(
    ([name, all]) => [name, all.flatMap((each) => valueOf(each) ?? [])] as const,
  );
  return Object.fromEntries(values.filter(([, all]) => all.length > 0));
}
