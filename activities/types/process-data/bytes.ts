import type { FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import type { TaskContext } from '../define.ts';

/** Parsing one chunk takes a few milliseconds; between two, the event loop runs. */
const CHUNK_BYTES = 32 * 1024;
const PROGRESS_INTERVAL_MS = 250;

/** Bytes to be read in order. The size is fixed when it is opened: what is appended later is not read. */
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

/** The beginning of the source, to look at before reading it. */
export function headOf(source: ByteSource): Promise<Buffer> {
  return source.read(0, Math.min(CHUNK_BYTES, source.size));
}

/** The source in chunks, telling `context` how far it has come. Throws the signal's reason when that fires. */
export async function* chunksOf(source: ByteSource, context: TaskContext): AsyncGenerator<Buffer, void> {
  const report = progressReporter(context);
  for (let position = 0; position < source.size;) {
    context.signal.throwIfAborted();
    const chunk = await source.read(position, Math.min(CHUNK_BYTES, source.size - position));
    // Cut short by somebody else since it was opened.
    if (chunk.length === 0) return;
    position += chunk.length;
    yield chunk;
    report(position / source.size);
  }
}

/** Passes on whole percents, a few times a second at most. */
export function progressReporter(context: TaskContext): (share: number) => void {
  let told = 0;
  let toldAt = performance.now();
  return (share) => {
    const percent = Math.floor(share * 100);
    const now = performance.now();
    if (percent <= told || now - toldAt < PROGRESS_INTERVAL_MS) return;
    told = percent;
    toldAt = now;
    context.progress(percent);
  };
}
