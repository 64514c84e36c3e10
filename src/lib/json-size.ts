/**
 * Returns whether the JSON of a parsed value has more characters than `max`, not counting what separates its values.
 * Stops as soon as it knows.
 */
export function isLongerThan(max: number, value: unknown): boolean {
  return left(max, value) < 0;
}

/** Returns how much of an allowance a value leaves. */
function left(allowance: number, value: unknown): number {
  if (typeof value === 'string') return allowance - value.length;
  if (typeof value !== 'object' || value === null) return allowance - 1;
  let rest = allowance - 1;
  const isList = Array.isArray(value);
  for (const key in value) {
    rest = left(isList ? rest : rest - key.length, (value as Record<string, unknown>)[key]);
    if (rest < 0) break;
  }
  return rest;
}
