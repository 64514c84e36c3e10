/** Returns the first code points of a text; never half of a surrogate pair. */
export function firstCodePoints(text: string, limit: number): string {
  if (text.length <= limit) return text;
  let end = 0;
  for (let taken = 0; taken < limit && end < text.length; taken++) {
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  }
  return text.slice(0, end);
}

/** Returns the text, or its first code points up to the limit and an ellipsis. */
export function ellipsis(text: string, limit: number): string {
  const kept = firstCodePoints(text, limit);
  return kept.length === text.length ? text : `${kept}…`;
}
