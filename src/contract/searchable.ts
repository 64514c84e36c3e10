/**
 * Names and tags as they stand in search attributes. Visibility stores differ in what upper case, quotes, backslashes
 * and wildcards mean to them (SQLite's LIKE is blind to the case of A–Z, PostgreSQL's is not; a quote in a value is
 * escaped for MySQL), so neither what is stored nor what is asked for has any. What people read is in the memo.
 */

/** A column for a keyword has room for this many characters; a longer value would not be written at all. */
const maxLength = 255;
/** Quotes, escapes, wildcards, and whatever is no visible character, but for the joiners inside of emoji. */
const special = /['"`\\%]|(?!\u200d)\p{C}/gu;

/**
 * Composed, in lower case, special characters as their numbers. Character by character, since of two names one must
 * begin as the other does in this form too (a sigma, say, has another lower case at the end of a word).
 */
export function searchableName(name: string): string {
  const characters = Array.from(name.normalize('NFC'), (character) => character.toLowerCase());
  const plain = characters.join('').replace(special, escaped);
  return plain.length <= maxLength ? plain : Array.from(plain).slice(0, maxLength).join('');
}

export function searchableTag(tag: string): string {
  return tag.toLowerCase();
}

function escaped(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length <= 2 ? `%${code.padStart(2, '0')}` : `%u${code.padStart(6, '0')}`;
}
