/** Characters of the bytes 0x80 to 0x9f, as WHATWG's index has them. A byte without one stands for itself. */
const upperControls = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/**
 * Decodes Windows-1252, which is what WHATWG reads as ISO-8859-1 and ASCII, too. Not by TextDecoder: that of Node.js 20
 * decodes these bytes as ISO-8859-1.
 */
export function decodeWindows1252(bytes: Buffer): string {
  // The pattern is of control characters, since those are what has to be replaced.
  // oxlint-disable-next-line no-control-regex
  return bytes.toString('latin1').replaceAll(/[\x80-\x9f]/g, (character) => {
    return upperControls.charAt(character.charCodeAt(0) - 0x80);
  });
}
