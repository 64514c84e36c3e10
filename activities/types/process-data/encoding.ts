/** Recognises how a file encodes its text, and rejects one whose text would not survive the reading. */
import { isAscii, isUtf8 } from 'node:buffer';
import { piecesOf, utf8Source, type Bytes, type TextSource } from './bytes.ts';
import { invalidData } from './invalid-data.ts';
import { EncodingError, transcodedSource, type OtherEncoding, utf8SizeOf, windows1252 } from './transcode.ts';
import { Utf8Tally, type Place } from './utf8-tally.ts';

/** Size of a piece of the first pass, in bytes: checking one takes less than a millisecond if it is UTF-8. */
const pieceBytes = 64 * 1024;

/** Byte order marks. That of UTF-32LE comes before that of UTF-16LE, with which it begins. */
const marks = [
  { encoding: 'utf-8', mark: [0xef, 0xbb, 0xbf] },
  { encoding: 'utf-32le', mark: [0xff, 0xfe, 0, 0] },
  { encoding: 'utf-32be', mark: [0, 0, 0xfe, 0xff] },
  { encoding: 'utf-16le', mark: [0xff, 0xfe] },
  { encoding: 'utf-16be', mark: [0xfe, 0xff] },
] as const;

/** What the first two ASCII characters of a text look like, `x` for each that is not zero. */
const unmarked = new Map<string, OtherEncoding>([
  ['x000', 'utf-32le'],
  ['000x', 'utf-32be'],
  ['x0x0', 'utf-16le'],
  ['0x0x', 'utf-16be'],
]);

export type Encoding = 'utf-8' | OtherEncoding;

export interface DecodedText {
  readonly encoding: Encoding;
  readonly source: TextSource;
  /** Why the encoding may be wrong, for the task's owner. */
  readonly warnings: readonly string[];
}

/**
 * Decodes a file: by its byte order mark, else as UTF-8 if all of it is, else as Windows-1252 if all of its bytes
 * fit. That takes a pass over the whole file, which costs a hundredth of parsing it. Without it, rows would
 * be counted before a byte shows that their text was read wrongly.
 *
 * @throws TaskFailure `InvalidData` that names the encoding and the line, rather than to replace a character.
 */
export async function decodedText(file: Bytes, signal: AbortSignal): Promise<DecodedText> {
  const start = await file.read(0, 4);
  const marked = marks.find(({ mark }) => mark.every((byte, i) => start[i] === byte));
  const encoding = marked?.encoding ?? unmarkedEncoding(start);
  if (encoding !== undefined && encoding !== 'utf-8') {
    return transcoded(file, encoding, marked?.mark.length ?? 0, signal);
  }
  const bytes = await withoutEndMark(file);
  const markBytes = marked?.mark.length ?? 0;
  if (await isAllUtf8(bytes, markBytes, signal)) {
    return { encoding: 'utf-8', source: utf8Source(bytes, markBytes), warnings: [] };
  }
  const tally = await tallyOf(bytes, markBytes, signal);
  if (marked !== undefined || tally.isBrokenUtf8) throw await brokenUtf8(bytes, tally);
  if (tally.unfit !== undefined) throw await unknownEncoding(bytes, tally.unfit);
  const { source } = await transcoded(bytes, 'windows-1252', 0, signal);
  const warnings = [
    'The file is not UTF-8, so it was read as Windows-1252: if its accents look wrong, save it as UTF-8.',
  ];
  return { encoding: 'windows-1252', source, warnings };
}

/** Maximum size of the padding at the end of a file, in bytes: DOS filled up a record. */
const maxPaddingBytes = 1024;
/** DOS's mark at the end of a text, Ctrl-Z. */
const endMark = 0x1a;

/** Returns the bytes without the marks that DOS programs put at the end of a text. */
async function withoutEndMark({ size, read }: Bytes): Promise<Bytes> {
  const length = Math.min(size, maxPaddingBytes);
  const end = await read(size - length, length);
  return { size: size - length + end.findLastIndex((byte) => byte !== endMark) + 1, read };
}

function unmarkedEncoding(start: Buffer): OtherEncoding | undefined {
  // Text begins with ASCII in nearly every table; other bytes would be those of a program's own format.
  const shape = [...start]
    .map((byte) => (byte === 0 ? '0' : byte >= 0x09 && byte < 0x7f ? 'x' : '-'))
    .join('');
  return unmarked.get(shape);
}

async function isAllUtf8(bytes: Bytes, from: number, signal: AbortSignal): Promise<boolean> {
  let rest = Buffer.alloc(0);
  for await (const piece of checkedPieces(bytes, from, signal)) {
    if (rest.length === 0 && isAscii(piece)) continue;
    const all = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const end = all.length - unfinishedBytes(all);
    if (!isUtf8(all.subarray(0, end))) return false;
    rest = Buffer.from(all.subarray(end));
  }
  return rest.length === 0;
}

/** Returns the number of bytes at the end that begin a character of UTF-8 and don't end it. */
function unfinishedBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

async function tallyOf(bytes: Bytes, from: number, signal: AbortSignal): Promise<Utf8Tally> {
  const tally = new Utf8Tally(from);
  for await (const piece of checkedPieces(bytes, from, signal)) tally.add(piece);
  tally.end();
  return tally;
}

async function brokenUtf8(bytes: Bytes, { broken, isCut }: Utf8Tally): Promise<Error> {
  const line = await lineAt(utf8Source(bytes, 0), broken?.at ?? bytes.size);
  if (isCut) {
    return invalidData(
      `Line ${line} ends in the middle of a UTF-8 character, and so does the file: it was cut off, or has another encoding`,
    );
  }
  return invalidData(
    `The file is UTF-8, except for line ${line} (byte ${hex(broken?.byte)}): save all of it as UTF-8`,
  );
}

async function unknownEncoding(bytes: Bytes, { at, byte }: Place): Promise<Error> {
  const line = await lineAt(utf8Source(bytes, 0), at);
  return invalidData(
    `The file is neither UTF-8 nor Windows-1252: line ${line} has a byte that these don't have there (${hex(byte)}). Save it as UTF-8`,
  );
}

function hex(byte = 0): string {
  return `0x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** Returns the number of the line at a position, counted from 1. Reads no further than that. */
async function lineAt(source: TextSource, position: number): Promise<number> {
  let [feeds, returns, at] = [0, 0, 0];
  if (position === 0) return 1;
  for await (const chunk of source.from(0)) {
    const counted = chunk.subarray(0, position - at);
    for (const byte of counted) {
      if (byte === 0x0a) feeds++;
      else if (byte === 0x0d) returns++;
    }
    at += chunk.length;
    if (at >= position) break;
  }
  // Old files of the Macintosh have returns only.
  return 1 + (feeds > 0 ? feeds : returns);
}

async function transcoded(
  bytes: Bytes,
  encoding: OtherEncoding,
  markBytes: number,
  signal: AbortSignal,
): Promise<DecodedText> {
  const source = (size: number) => transcodedSource(bytes, encoding, markBytes, size);
  let size = 0;
  try {
    if (encoding === windows1252) {
      for await (const piece of checkedPieces(bytes, 0, signal)) size += utf8SizeOf(piece);
    } else {
      for await (const chunk of source(Infinity).from(0)) {
        if (signal.aborted) throw signal.reason;
        size += chunk.length;
      }
    }
  } catch (error) {
    if (!(error instanceof EncodingError)) throw error;
    const line = await lineAt(source(Infinity), size);
    throw invalidData(`Line ${line} is not valid ${encoding.toUpperCase()}: ${error.message}`, error);
  }
  return { encoding, source: source(size), warnings: [] };
}

async function* checkedPieces(bytes: Bytes, from: number, signal: AbortSignal): AsyncGenerator<Buffer, void> {
  for await (const piece of piecesOf(bytes, from, pieceBytes)) {
    if (signal.aborted) throw signal.reason;
    yield piece;
  }
}
