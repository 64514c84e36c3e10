import { hash } from 'node:crypto';
import { ellipsis } from '../text.ts';
import { truncateCharacters } from '../../../src/contract/text.ts';

/**
 * Maximum length of a key's readable part, in code points. Longer values are distinguished by a hash, so that a
 * column's memory doesn't depend on their length.
 */
const keptCodePoints = 100;

/** Returns the key under which a value's text is counted: itself, or its beginning and a hash of the whole. */
export function keyOf(text: string): string {
  const kept = truncateCharacters(text, keptCodePoints);
  return kept.length === text.length ? text : kept + hash('sha256', text, 'hex').slice(0, 16);
}

/** Returns what to show of a key's value. The hash lies beyond what is shown. */
export function shownOf(key: string): string {
  return ellipsis(key, keptCodePoints);
}
