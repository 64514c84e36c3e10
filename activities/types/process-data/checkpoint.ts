/** Where a reading stands ⇄ the JSON of a checkpoint. */
import { promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';
import { z } from 'zod';
import { maxCheckpointBytes } from '../../../src/contract/limits.ts';
import { savedTable } from './saved-table.ts';
import { Table } from './table.ts';

/** Another one, and checkpoints written before are not read any more. */
const VERSION = 2;
/** Several times the largest table: 100,000 values of 116 characters. */
const MAX_INFLATED_BYTES = 128 * 1024 * 1024;
/** 2^8: of 5,000 values, the 20 most frequent stay, and so those that are listed. */
const MAX_SHRINKS = 8;

/** The rows so far, and the place in the source behind the last of them. */
export interface Standing {
  readonly table: Table;
  /** Of `rows` an index; else a byte offset, always at the end of a row. */
  readonly position: number;
  /** The line of a CSV source that ends there. */
  readonly line: number;
}

export interface Checkpoint {
  readonly version: number;
  /** Which data it belongs to, as its source's identity says it. */
  readonly source: string;
  /** With a checksum: deflateRaw would have none, and a spoilt count passes any schema. */
  readonly state: string;
}

const checkpoint = z.object({ version: z.literal(VERSION), source: z.string(), state: z.base64() });
const position = z.int().positive();
const standing = z.object({ position, line: position, table: savedTable });

const deflated = promisify<string, Buffer>(deflate);
const inflated = promisify(inflate);

/** The checkpoint in as much detail as there is room for; its size with the least detail, if even that is too large. */
export async function checkpointOf(at: Standing, source: string): Promise<Checkpoint | { tooLarge: number }> {
  const whole = await pack(at, source, 0);
  if (sizeOf(whole) <= maxCheckpointBytes) return whole;
  let best = await pack(at, source, MAX_SHRINKS);
  if (sizeOf(best) > maxCheckpointBytes) return { tooLarge: sizeOf(best) };
  for (let [least, most] = [1, MAX_SHRINKS]; least < most;) {
    const shrinks = (least + most) >> 1;
    const packed = await pack(at, source, shrinks);
    if (sizeOf(packed) <= maxCheckpointBytes) [best, most] = [packed, shrinks];
    else least = shrinks + 1;
  }
  return best;
}

/** @throws Error saying why, if it is not one that this version wrote. */
export async function parseCheckpoint(value: unknown): Promise<{ source: string; at: Standing }> {
  const { source, state } = parsed(checkpoint, value);
  const text = await inflated(Buffer.from(state, 'base64'), { maxOutputLength: MAX_INFLATED_BYTES });
  const { table, ...place } = parsed(standing, JSON.parse(text.toString()));
  return { source, at: { ...place, table: Table.restore(table) } };
}

/** Everything is read before the first await, so it belongs together although the reading may go on meanwhile. */
async function pack(
  { table, position, line }: Standing,
  source: string,
  shrinks: number,
): Promise<Checkpoint> {
  const saved: z.input<typeof standing> = { position, line, table: table.save(shrinks) };
  const state = await deflated(JSON.stringify(saved));
  return { version: VERSION, source, state: state.toString('base64') };
}

/** All of it is ASCII. */
function sizeOf(packed: Checkpoint): number {
  return JSON.stringify(packed).length;
}

function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const { success, data, error } = schema.safeParse(value);
  if (!success) throw new Error(z.prettifyError(error), { cause: error });
  return data;
}
