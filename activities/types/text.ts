import { truncateCharacters } from '../../src/contract/text.ts';

/** Returns the text, or its first code points up to the limit and an ellipsis. */
export function ellipsis(text: string, limit: number): string {
  const kept = truncateCharacters(text, limit);
  return kept.length === text.length ? text : `${kept}…`;
}
