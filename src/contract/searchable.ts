/**
 * Converts names and tags to the form stored in search attributes. Visibility stores differ in how they treat upper
 * case, quotes, backslashes and wildcards (SQLite's LIKE ignores the case of A–Z, PostgreSQL's does not; a quote in a
 * value is escaped for MySQL), so neither stored values nor queries contain any. The memo has the original text.
 */

/** Maximum length of a keyword column, in characters. A longer value would not be written at all. */
const maxLength = 255;
/** Quotes, escapes, wildcards and invisible characters, except the joiners inside emoji. */
const special = /['"`\\%]|(?!\u200d)\p{C}/gu;

/**
 * Returns a name composed (NFC), in lower case, and with special characters as their code points. Lower-cased
 * character by character, so that a prefix of a name stays one in this form (a sigma, for example, has a different
 * lower case at the end of a word).
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
