/**
 * A look at JSON before it is parsed: it finds what would make `JSON.parse` expensive, and numbers that it would
 * change. One pass over the bytes, without making a value. Faults in the syntax are left to the parser.
 */
import { isExactNumber } from './exact-number.ts';

export interface JsonLimits {
  /**
   * Maximum number of values: members and elements, and lists and objects that are empty. A number of more than 15
   * digits counts as several.
   */
  readonly values: number;
  /**
   * Maximum number of different keys, and of different combinations of keys. Each takes a parser as long as a hundred
   * other values.
   */
  readonly keys: number;
  /** Maximum nesting, in levels. */
  readonly levels: number;
}

/** A number in the text that `JSON.parse` would change: from its first byte to the one after its last. */
export interface InexactNumber {
  readonly start: number;
  readonly end: number;
}

export type JsonScan =
  | { readonly exceeded: keyof JsonLimits }
  | { readonly exceeded?: never; readonly inexact: readonly InexactNumber[] };

const space = 0x20;
const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Stands for a list among the hashes of open objects. */
const list = -1;

/** Up to this length, a number without a large exponent has at most 15 digits, which a double always keeps. */
const shortNumber = 15;

/** What a number counts that has to be compared with what `JSON.parse` makes of it, in values. */
const longNumberCost = 2;
/** What it counts if it is not written as JavaScript writes it. */
const oddNumberCost = 20;

/** Maximum length of a number, in bytes: longer than any double. */
const maxNumberLength = 1000;

/** Makes hashes of keys that a sender can't predict, and so can't make equal. */
const multiplier = (Math.floor(Math.random() * 2 ** 31) * 2 + 1) | 0;

/** Scans JSON in UTF-8. */
export function scanJson(bytes: Buffer, limits: JsonLimits): JsonScan {
  const inexact: InexactNumber[] = [];
  /** Hashes of the keys so far of all open objects. */
  const open: number[] = [];
  const combinations = new Set<number>();
  let values = 0;
  let isKeyNext = false;

  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte <= space) continue;
    switch (byte) {
      case quote: {
        const end = endOfString(bytes, at);
        if (isKeyNext) {
          const keys = hash(bytes, at, end, open.at(-1) ?? 0);
          open[open.length - 1] = keys;
          combinations.add(keys);
          if (combinations.size > limits.keys) return { exceeded: 'keys' };
        }
        at = end;
        break;
      }
      case comma:
        values += 1;
        isKeyNext = (open.at(-1) ?? list) !== list;
        break;
      case colon:
        isKeyNext = false;
        break;
      case openBracket:
      case openBrace:
        values += 1;
        isKeyNext = byte === openBrace;
        open.push(isKeyNext ? 0 : list);
        if (open.length > limits.levels) return { exceeded: 'levels' };
        break;
      case closeBracket:
      case closeBrace:
        open.pop();
        isKeyNext = false;
        break;
      default:
        if (isDigit(byte)) {
          const end = endOfNumber(bytes, at);
          if (!isShort(bytes, at, end)) {
            const text = bytes.toString('latin1', at, Math.min(end, at + maxNumberLength));
            const isPlain = text === String(Number(text));
            values += isPlain ? longNumberCost : oddNumberCost;
            if (end - at > maxNumberLength || !(isPlain || isExactNumber(text)))
              inexact.push({ start: at, end });
          }
          at = end - 1;
        }
    }
    if (values > limits.values) return { exceeded: 'values' };
  }
  return { inexact };
}

/** Returns the position of the closing quote, or of the end of the text. */
function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at;
}

/** Returns a hash of the keys of an object: of those before, and of the one from `start` to `end`. Never negative. */
function hash(bytes: Uint8Array, start: number, end: number, before: number): number {
  let sum = (before + 1) | 0;
  for (let at = start; at < end; at += 1)
    sum = (Math.imul(sum ^ (bytes[at] ?? 0), multiplier) + (sum >>> 15)) | 0;
  return sum >>> 1;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Returns the position after the number. Its sign is not needed: a double keeps a number if it keeps its negative. */
function endOfNumber(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && isPartOfNumber(bytes[at] ?? 0)) at += 1;
  return at;
}

function isPartOfNumber(byte: number): boolean {
  // . + - e E
  return isDigit(byte) || byte === 0x2e || byte === 0x2b || byte === 0x2d || isExponent(byte);
}

function isExponent(byte: number | undefined): boolean {
  return byte === 0x65 || byte === 0x45;
}

/** Returns whether a number has so few digits, and an exponent so small, that a double keeps it. */
function isShort(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > shortNumber) return false;
  // An exponent of up to two digits, with its sign, is in the last four bytes.
  for (let at = start; at < end - 4; at += 1) if (isExponent(bytes[at])) return false;
  // So is one of three digits without a sign.
  return end - 4 <= start || !isExponent(bytes[end - 4]) || !isDigit(bytes[end - 3] ?? 0);
}
