import type { TaskContext } from '../define.ts';
import { ellipsis } from '../text.ts';
import { CheckpointWriter } from './checkpoint-writer.ts';
import { parseCheckpoint, type Standing } from './checkpoint.ts';
import { Table } from './table.ts';

const PROGRESS_INTERVAL_MS = 250;

/** What a reading is of: data that can be read from any row on. */
export interface Source {
  /** The same for the same data only. */
  readonly identity: string;
  /** Where it ends: in rows or bytes, as its positions. */
  readonly size: number;
  /** Adds the rows from the reading's position on. */
  read(reading: Reading): Promise<void>;
  close(): Promise<void>;
}

/**
 * One attempt's way through its data, from where the last attempt was interrupted. A source moves `position` and `line`
 * on in the same turn of the event loop as it adds a row to the table, so that they agree at any moment.
 */
export class Reading implements Standing {
  readonly table: Table;
  position: number;
  line: number;
  readonly #context: TaskContext;
  readonly #size: number;
  readonly #writer: CheckpointWriter;
  #toldPercent: number;
  #toldAt = performance.now();

  private constructor(context: TaskContext, { identity, size }: Source, from: Standing) {
    this.table = from.table;
    this.position = from.position;
    this.line = from.line;
    this.#context = context;
    this.#size = size;
    this.#writer = new CheckpointWriter(context, identity, this);
    this.#toldPercent = this.#percent();
  }

  /** Resumes from the context's checkpoint; anew if there is none, or none that is of any use. */
  static async begin(context: TaskContext, source: Source): Promise<Reading> {
    const from = await usableCheckpoint(context, source);
    const reading = new Reading(context, source, from ?? { table: new Table(), position: 0, line: 1 });
    if (from) {
      const percent = reading.#percent();
      context.log.info(`Resumed at row ${from.table.rows + 1} (${percent} %)`);
      context.progress(percent);
    }
    return reading;
  }

  /** Called between two chunks: throws the signal's reason once that fires, tells how far it is, saves when it is time. */
  async pause(): Promise<void> {
    this.#context.signal.throwIfAborted();
    this.#tell();
    await this.#writer.writeIfDue();
    this.#context.signal.throwIfAborted();
  }

  /** Called when the attempt ends with an error: lets the next one resume here, if there will be one. */
  interrupted(): Promise<void> {
    return this.#writer.writeLast();
  }

  /** Passes on whole percents, a few times a second at most. */
  #tell(): void {
    const percent = this.#percent();
    const now = performance.now();
    if (percent <= this.#toldPercent || now - this.#toldAt < PROGRESS_INTERVAL_MS) return;
    this.#toldPercent = percent;
    this.#toldAt = now;
    this.#context.progress(percent);
  }

  #percent(): number {
    return Math.floor((this.position / this.#size) * 100);
  }
}

async function usableCheckpoint(
  { checkpoint, log }: TaskContext,
  source: Source,
): Promise<Standing | undefined> {
  const value = checkpoint.read();
  if (value === undefined) return undefined;
  try {
    const saved = await parseCheckpoint(value);
    if (saved.source === source.identity) return saved.at;
    log.warn('The data have changed since the checkpoint: beginning anew');
  } catch (error) {
    // Whatever is wrong with it, reading all the data again gives the result.
    const why = error instanceof Error ? error.message : String(error);
    log.warn(`The checkpoint cannot be read: beginning anew (${ellipsis(why.replaceAll(/\s+/g, ' '), 200)})`);
  }
  return undefined;
}
