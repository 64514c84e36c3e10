/** Turns text in other encodings into UTF-8, which is what the readers of CSV and JSON read. */
import { decodeWindows1252 } from '../../../src/lib/windows-1252.ts';
import { chunkBytes, piecesOf, type Bytes, type TextSource } from './bytes.ts';

export const windows1252 = 'windows-1252';
export type OtherEncoding = 'utf-16le' | 'utf-16be' | 'utf-32le' | 'utf-32be' | typeof windows1252;

/** Bytes that have no character in Windows-1252. A file that has one of them is in another encoding. */
export const unusedInWindows1252: ReadonlySet<number> = new Set([0x81, 0x8d, 0x8f, 0x90, 0x9d]);

/** Text that is not valid in its encoding. What is before the fault has been read. */
export class EncodingError extends Error {
  override readonly name = 'EncodingError';
}

/** Text up to its end, or to a fault. */
interface Decoded {
  readonly text: string;
  readonly fault?: string;
}

interface Decoder {
  /** Returns how many bytes at the end begin a character and don't end it. */
  unfinished(bytes: Buffer): number;
  /** Decodes whole characters. */
  decode(bytes: Buffer): Decoded;
}

const decoders: Readonly<Record<OtherEncoding, Decoder>> = {
  'utf-16le': { unfinished: (bytes) => unfinishedUtf16(bytes, 1), decode: decodeUtf16 },
  'utf-16be': {
    unfinished: (bytes) => unfinishedUtf16(bytes, 0),
    decode: (bytes) => decodeUtf16(Buffer.from(bytes).swap16()),
  },
  'utf-32le': {
    unfinished: (bytes) => bytes.length % 4,
    decode: (bytes) => decodeUtf32(bytes, 'readUInt32LE'),
  },
  'utf-32be': {
    unfinished: (bytes) => bytes.length % 4,
    decode: (bytes) => decodeUtf32(bytes, 'readUInt32BE'),
  },
  [windows1252]: { unfinished: () => 0, decode: (bytes) => ({ text: decodeWindows1252(bytes) }) },
};

/**
 * Returns the text of a file in another encoding. It has no index: to read from a position on is to decode
 * what is before it again.
 *
 * @param start size of the byte order mark.
 * @param size size of the text in UTF-8.
 */
export function transcodedSource(
  bytes: Bytes,
  encoding: OtherEncoding,
  start: number,
  size: number,
): TextSource {
  return { size, from: (position) => transcodedFrom(bytes, decoders[encoding], start, position) };
}

async function* transcodedFrom(
  bytes: Bytes,
  { unfinished, decode }: Decoder,
  start: number,
  position: number,
): AsyncGenerator<Buffer, void> {
  let rest = Buffer.alloc(0);
  let toSkip = position;
  for await (const piece of piecesOf(bytes, start, chunkBytes)) {
    const all = Buffer.concat([rest, piece]);
    const end = all.length - unfinished(all);
    rest = all.subarray(end);
    const { text, fault } = decode(all.subarray(0, end));
    const chunk = Buffer.from(text);
    const skipped = Math.min(toSkip, chunk.length);
    toSkip -= skipped;
    yield chunk.subarray(skipped);
    if (fault !== undefined) throw new EncodingError(fault);
  }
  if (rest.length > 0) throw new EncodingError('it ends in the middle of a character');
}

/** Sizes in UTF-8 of Windows-1252's characters, by byte. */
const utf8Sizes = Uint8Array.from({ length: 256 }, (_, byte) =>
  Buffer.byteLength(decodeWindows1252(Buffer.from([byte]))),
);

/** Returns the size that text in Windows-1252 has in UTF-8. */
export function utf8SizeOf(bytes: Buffer): number {
  let size = 0;
  for (const byte of bytes) size += utf8Sizes[byte] ?? 0;
  return size;
}

/** @param high place of the byte of a unit that shows whether it is a surrogate. */
function unfinishedUtf16(bytes: Buffer, high: 0 | 1): number {
  const odd = bytes.length % 2;
  const last = bytes[bytes.length - odd - 2 + high] ?? 0;
  // A high surrogate waits for the low one.
  return last >= 0xd8 && last <= 0xdb ? odd + 2 : odd;
}

function decodeUtf16(bytes: Buffer): Decoded {
  const text = bytes.toString('utf16le');
  if (text.isWellFormed()) return { text };
  const wellFormed = text.toWellFormed();
  let at = 0;
  while (text[at] === wellFormed[at]) at++;
  return { text: text.slice(0, at), fault: 'it has half a character' };
}

function decodeUtf32(bytes: Buffer, read: 'readUInt32LE' | 'readUInt32BE'): Decoded {
  const characters: string[] = [];
  for (let i = 0; i < bytes.length; i += 4) {
    const code = bytes[read](i);
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
      return { text: characters.join(''), fault: 'it has a number that is no character' };
    }
    characters.push(String.fromCodePoint(code));
  }
  return { text: characters.join('') };
}
