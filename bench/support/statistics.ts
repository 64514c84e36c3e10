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

/** Returns the label, then p50, p95, p99, the maximum and the number of values. */
export function row(label: string, values: readonly number[], width = 34, digits = 0): string {
  const cells = [
    percentile(values, 0.5),
    percentile(values, 0.95),
    percentile(values, 0.99),
    Math.max(...values),
  ];
  return [
    label.padEnd(width),
    ...cells.map((value) => value.toFixed(digits).padStart(7)),
    `${values.length}`.padStart(7),
  ].join('');
}
