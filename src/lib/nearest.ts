/**
 * Returns the candidate that needs the fewest changed, added or removed characters to become the text.
 * @param partOf the part of both that is compared; all of it by default.
 */
export function nearest(
  text: string,
  candidates: readonly string[],
  partOf: (text: string) => string = (whole) => whole,
): string | undefined {
  const distances = candidates.map((candidate) => distance(partOf(text), partOf(candidate)));
  return candidates[distances.indexOf(Math.min(...distances))];
}

/** The Levenshtein distance of two texts. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
