import type { FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import type { Reading } from './reading.ts';

/** Size of a chunk, in bytes. Parsing one takes a few milliseconds; between two, the event loop runs. */
export const chunkBytes = 32 * 1024;

/** Bytes at any position. The size is fixed when the file is opened: what is appended later is not read. */
export interface Bytes {
  readonly size: number;
  read(position: number, length: number): Promise<Buffer>;
}

/** A text in UTF-8, without a byte order mark, to read in order. Positions are in bytes of UTF-8. */
export interface TextSource {
  readonly size: number;
  /** Yields the text from a position on, in chunks; an empty one for each that it skips to get there. */
  from(position: number): AsyncIterable<Buffer>;
}

export function bytesOf(file: FileHandle, size: number): Bytes {
  const read = async (position: number, length: number) => {
    const wanted = Math.max(0, Math.min(length, size - position));
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, position);
    return buffer.subarray(0, bytesRead);
  };
  return { size, read };
}

export function textSource(text: string): TextSource {
  const bytes = Buffer.from(text.startsWith('\uFEFF') ? text.slice(1) : text);
  const read = (position: number, length: number) =>
    setImmediate(bytes.subarray(position, position + length));
  return utf8Source({ size: bytes.length, read }, 0);
}

/** @param start size of the byte order mark. */
export function utf8Source(bytes: Bytes, start: number): TextSource {
  return { size: bytes.size - start, from: (position) => piecesOf(bytes, start + position, chunkBytes) };
}

/** Yields bytes from a position on, in pieces. Ends early if the file was truncated after it was opened. */
export async function* piecesOf(bytes: Bytes, from: number, size: number): AsyncGenerator<Buffer, void> {
  for (let position = from; position < bytes.size;) {
    const piece = await bytes.read(position, Math.min(size, bytes.size - position));
    if (piece.length === 0) return;
    position += piece.length;
    yield piece;
  }
}

/** Size of the beginning that is looked at before a source is read, in bytes. */
const headBytes = 4 * chunkBytes;

/** Returns the beginning of the source: whole lines, unless the first one is longer than this. */
export async function headOf(source: TextSource): Promise<Head> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of source.from(0)) {
    pieces.push(piece);
    size += piece.length;
    if (size >= headBytes) break;
  }
  return { text: Buffer.concat(pieces).toString(), isWhole: size >= source.size };
}

/** The beginning of a text. The last character of one that is not whole may be cut. */
export interface Head {
  readonly text: string;
  readonly isWhole: boolean;
}

/** Yields the source from a position on. Before each chunk, the reading pauses. */
export async function* chunksOf(
  source: TextSource,
  reading: Reading,
  position = reading.position,
): AsyncGenerator<Buffer, void> {
  for await (const chunk of source.from(position)) {
    await reading.pause();
    if (chunk.length > 0) yield chunk;
  }
}
