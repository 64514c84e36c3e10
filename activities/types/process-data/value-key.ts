import { hash } from 'node:crypto';
import { ellipsis, firstCodePoints } from '../text.ts';

/** Longer values are told apart by a hash, so that a column's memory does not depend on their length. */
const KEPT_CODE_POINTS = 100;

/** What stands for a value's text while it is counted: itself, or its beginning and a hash of the whole. */
export function keyOf(text: string): string {
  const kept = firstCodePoints(text, KEPT_CODE_POINTS);
  return kept.length === text.length ? text : kept + hash('sha256', text, 'hex').slice(0, 16);
}

/** What is shown of the value that a key stands for. The hash is behind what can be shown. */
export function shownOf(key: string): string {
  return ellipsis(key, KEPT_CODE_POINTS);
}
