import { hash } from 'node:crypto';
import { ellipsis } from '../text.ts';
import { truncateCharacters } from '../../../src/contract/text.ts';

/**
 * Maximum length of a key's readable part, in code points. Longer values are distinguished by a hash, so that a
 * column's memory doesn't depend on their length.
 */
const keptCodePoints = 100;

/**
 * Returns the key under which a value's text is counted: itself, or its beginning and a hash of the whole. Blanks
 * in front of a long value are left out, so that something is left to show.
 */
export function keyOf(text: string): string {
  if (text.length <= keptCodePoints) return text;
  const visible = text.trimStart();
  const kept = truncateCharacters(visible, keptCodePoints);
  if (kept.length === text.length) return text;
  const missing = kept.length === visible.length ? keptCodePoints - Array.from(kept).length : 0;
  return kept + ' '.repeat(missing) + hash('sha256', text, 'hex').slice(0, 16);
}

/** Returns what to show of a key's value. The hash lies beyond what is shown. */
export function shownOf(key: string): string {
  const shown = ellipsis(key, keptCodePoints);
  return shown === key ? key : shown.replace(/\s+…$/, '…');
}
