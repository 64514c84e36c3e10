/** The value below which the given share of the sorted values lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export function row(label: string, values: readonly number[]): string {
  const cells = [
    percentile(values, 0.5),
    percentile(values, 0.95),
    percentile(values, 0.99),
    Math.max(...values),
  ];
  return [
    label.padEnd(34),
    ...cells.map((value) => `${Math.round(value)}`.padStart(7)),
    `${values.length}`.padStart(7),
  ].join('');
}
