/**
 * Cuts `text` to at most `maxBytes` of UTF-8 without splitting a character; a cut is marked with `…`. JSON's escapes
 * are not counted.
 */
export function truncateBytes(text: string, maxBytes: number): string {
  // A UTF-16 unit takes at most three bytes, so most texts are short enough to skip the counting.
  if (text.length * 3 <= maxBytes) return text;
  const ellipsisBytes = 3;
  let bytes = 0;
  let end = 0;
  let cut = 0;
  for (const character of text) {
    bytes += bytesOf(character.codePointAt(0) ?? 0);
    if (bytes > maxBytes) return `${text.slice(0, cut)}…`;
    end += character.length;
    if (bytes <= maxBytes - ellipsisBytes) cut = end;
  }
  return text;
}

/** Returns the length of a text, in bytes of UTF-8. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) bytes += bytesOf(character.codePointAt(0) ?? 0);
  return bytes;
}

/** Cuts `text` to its first `maxCharacters` characters (code points). */
export function truncateCharacters(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  let end = 0;
  for (let taken = 0; taken < maxCharacters && end < text.length; taken += 1) {
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  }
  return text.slice(0, end);
}

function bytesOf(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

/**
 * Escapes what the Temporal Web UI would render: it takes summaries and details for Markdown, which may contain HTML,
 * links and images. Emphasis stays, which does no harm.
 */
export function escapeMarkup(text: string): string {
  return text.replaceAll(/[\\`<[!&]/g, '\\$&');
}
