import type { FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import type { Reading } from './reading.ts';

/** Size of a chunk, in bytes. Parsing one takes a few milliseconds; between two, the event loop runs. */
const chunkBytes = 32 * 1024;

/** Bytes to read in order. The size is fixed when the source is opened: what is appended later is not read. */
export interface ByteSource {
  readonly size: number;
  read(position: number, length: number): Promise<Buffer>;
}

export function textSource(text: string): ByteSource {
  const bytes = Buffer.from(text);
  const read = (position: number, length: number) =>
    setImmediate(bytes.subarray(position, position + length));
  return { size: bytes.length, read };
}

export function fileSource(file: FileHandle, size: number): ByteSource {
  const read = async (position: number, length: number) => {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  };
  return { size, read };
}

/** Returns the beginning of the source, to look at before reading it. */
export function headOf(source: ByteSource): Promise<Buffer> {
  return source.read(0, Math.min(chunkBytes, source.size));
}

/** Yields the source in chunks, from the reading's position on. Throws the signal's reason when it fires. */
export async function* chunksOf(source: ByteSource, reading: Reading): AsyncGenerator<Buffer, void> {
  for (let position = reading.position; position < source.size;) {
    await reading.pause();
    const chunk = await source.read(position, Math.min(chunkBytes, source.size - position));
    // The file was truncated after it was opened.
    if (chunk.length === 0) return;
    position += chunk.length;
    yield chunk;
  }
}
