/** Rows of JSON as they are written: JSON.parse changes long numbers and the order of names. */
import { isLosslessNumber, LosslessNumber, parse, stringify } from 'lossless-json';

/**
 * A number that JSON.parse might change: an integer of 16 digits, or an exponent of three. Whatever follows a
 * number keeps most of the strings that look like one apart.
 */
const suspect = /(?:(?<![\d.])\d{16,}|\d[eE]\+?\d{3,})\s*[,}\]]/;

/**
 * Parses a row, whose text begins with a brace. Integers beyond 2^53 and numbers beyond the largest double are
 * LosslessNumbers, which keep their digits; in CSV, they are texts too. Decimals are rounded, as they are
 * there.
 *
 * @throws SyntaxError
 */
export function parseRow(text: string): object {
  const row: unknown = suspect.test(text) ? parse(text, undefined, lossless) : JSON.parse(text);
  return row as object;
}

const lossless = {
  parseNumber(text: string): number | LosslessNumber {
    const value = Number(text);
    const isExact = Number.isSafeInteger(value) || !/^-?\d+$/.test(text);
    return isExact && Number.isFinite(value) ? value : new LosslessNumber(text);
  },
  /** The last one counts, as for JSON.parse. */
  onDuplicateKey: ({ newValue }: { newValue: unknown }): unknown => newValue,
};

/** Returns the text of a value that is neither a number, a boolean nor a string. */
export function jsonText(value: unknown): string {
  if (isLosslessNumber(value)) return value.value;
  const text = JSON.stringify(value);
  // `stringify` knows these numbers from objects that only look like them, but takes longer.
  return text.includes('"isLosslessNumber":true') ? (stringify(value) ?? '') : text;
}

/** Returns the names of a row in the order of its text, which must be valid. */
export function namesIn(text: string): string[] {
  const names: string[] = [];
  let depth = 0;
  let isName = false;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],]/gs)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (token.startsWith('"') && isName) names.push(String(JSON.parse(token)));
    isName = depth === 1 && (token === '{' || token === ',');
  }
  return names;
}
