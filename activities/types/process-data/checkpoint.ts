/** Converts the state of a reading to the JSON of a checkpoint and back. */
import { promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';
import { z } from 'zod';
import { maxCheckpointBytes } from '../../../src/contract/limits.ts';
import { savedTable } from './saved-table.ts';
import { Table } from './table.ts';

/** Version of the format. Checkpoints of other versions are not read. */
const version = 3;
/** Maximum size of a state, in bytes: several times the largest table, 100,000 values of 116 characters. */
const maxInflatedBytes = 128 * 1024 * 1024;
/**
 * Maximum number of halvings. After 8, the 20 most frequent of 5,000 values remain, which include those that
 * a summary lists.
 */
const maxShrinks = 8;

/** The rows read so far, and the position in the source after the last of them. */
export interface ReadingState {
  readonly table: Table;
  /** A row index for `rows`; otherwise an offset in the text's UTF-8, at a row boundary. */
  readonly position: number;
  /** The line of a CSV source that ends at the position. */
  readonly line: number;
}

export interface Checkpoint {
  readonly version: number;
  /** Identity of the source it belongs to. */
  readonly source: string;
  /**
   * The state, compressed with a checksum. deflateRaw has none, and a corrupted count would pass any schema.
   */
  readonly state: string;
}

const checkpoint = z.object({ version: z.literal(version), source: z.string(), state: z.base64() });
const position = z.int().positive();
const readingState = z.object({ position, line: position, table: savedTable });

const deflated = promisify<string, Buffer>(deflate);
const inflated = promisify(inflate);

/**
 * Returns the checkpoint in as much detail as fits, or its size in bytes if even the least detail is too
 * large.
 */
export async function checkpointOf(
  at: ReadingState,
  source: string,
): Promise<Checkpoint | { tooLarge: number }> {
  const whole = await pack(at, source, 0);
  if (sizeOf(whole) <= maxCheckpointBytes) return whole;
  let best = await pack(at, source, maxShrinks);
  if (sizeOf(best) > maxCheckpointBytes) return { tooLarge: sizeOf(best) };
  for (let [least, most] = [1, maxShrinks]; least < most;) {
    const shrinks = (least + most) >> 1;
    const packed = await pack(at, source, shrinks);
    if (sizeOf(packed) <= maxCheckpointBytes) [best, most] = [packed, shrinks];
    else least = shrinks + 1;
  }
  return best;
}

/** Parses a checkpoint. @throws Error with the reason if it is not of this version. */
export async function parseCheckpoint(value: unknown): Promise<{ source: string; at: ReadingState }> {
  const { source, state } = parsed(checkpoint, value);
  const text = await inflated(Buffer.from(state, 'base64'), { maxOutputLength: maxInflatedBytes });
  const { table, ...place } = parsed(readingState, JSON.parse(text.toString()));
  return { source, at: { ...place, table: Table.restore(table) } };
}

/** Takes the whole state before the first await, so that it is consistent even while the reading goes on. */
async function pack(
  { table, position, line }: ReadingState,
  source: string,
  shrinks: number,
): Promise<Checkpoint> {
  const saved: z.input<typeof readingState> = { position, line, table: table.save(shrinks) };
  const state = await deflated(JSON.stringify(saved));
  return { version: version, source, state: state.toString('base64') };
}

/** Returns the size in bytes: the JSON is all ASCII. */
function sizeOf(packed: Checkpoint): number {
  return JSON.stringify(packed).length;
}

function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const { success, data, error } = schema.safeParse(value);
  if (!success) throw new Error(z.prettifyError(error), { cause: error });
  return data;
}
