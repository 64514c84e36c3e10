import type { TaskContext } from '../define.ts';
import { ellipsis } from '../text.ts';
import { CheckpointWriter } from './checkpoint-writer.ts';
import { parseCheckpoint, type ReadingState } from './checkpoint.ts';
import { Table } from './table.ts';
import { errorMessage } from '../../../src/lib/error-message.ts';

const progressIntervalMs = 250;

/** Data that can be read from any row on. */
export interface Source {
  /** Identity of the data: equal only for equal data. */
  readonly identity: string;
  /** Position of its end, in rows or bytes of UTF-8 like all its positions. */
  readonly size: number;
  /** Adds the rows from the reading's position on. */
  read(reading: Reading): Promise<ReadingNotes>;
  close(): Promise<void>;
}

/** How a source was understood. */
export interface ReadingNotes {
  /** Name of its encoding, as in the WHATWG's Encoding Standard. Undefined for rows, which have none. */
  readonly encoding?: string;
  /** What separates the fields of a CSV. */
  readonly delimiter?: string;
  /** What is doubtful about it, in sentences for the task's owner. */
  readonly warnings: readonly string[];
}

/**
 * One attempt's pass through its data, from where the last attempt was interrupted. A source advances
 * `position` and `line` in the same turn of the event loop in which it adds a row to the table, so that they
 * always agree.
 */
export class Reading implements ReadingState {
  readonly table: Table;
  position: number;
  line: number;
  readonly #context: TaskContext;
  readonly #size: number;
  readonly #writer: CheckpointWriter;
  #reportedPercent: number;
  #reportedAt = performance.now();

  private constructor(context: TaskContext, { identity, size }: Source, from: ReadingState) {
    this.table = from.table;
    this.position = from.position;
    this.line = from.line;
    this.#context = context;
    this.#size = size;
    this.#writer = new CheckpointWriter(context, identity, this);
    this.#reportedPercent = this.#percent();
  }

  /** Resumes from the context's checkpoint, or starts from the beginning if there is no usable one. */
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

  /** Called between two chunks. Throws the signal's reason if it has fired, reports progress, saves when due. */
  async pause(): Promise<void> {
    this.#context.signal.throwIfAborted();
    this.#reportProgress();
    await this.#writer.writeIfDue();
    this.#context.signal.throwIfAborted();
  }

  /** Called when the attempt ends with an error. Lets the next attempt resume here, if there will be one. */
  interrupted(): Promise<void> {
    return this.#writer.writeLast();
  }

  /** Reports progress in whole percent, a few times a second at most. */
  #reportProgress(): void {
    const percent = this.#percent();
    const now = performance.now();
    if (percent <= this.#reportedPercent || now - this.#reportedAt < progressIntervalMs) return;
    this.#reportedPercent = percent;
    this.#reportedAt = now;
    this.#context.progress(percent);
  }

  #percent(): number {
    return Math.floor((this.position / this.#size) * 100);
  }
}

async function usableCheckpoint(
  { checkpoint, log }: TaskContext,
  source: Source,
): Promise<ReadingState | undefined> {
  const value = checkpoint.read();
  if (value === undefined) return undefined;
  try {
    const saved = await parseCheckpoint(value);
    if (saved.source === source.identity) return saved.at;
    log.warn('The data have changed since the checkpoint: starting over');
  } catch (error) {
    // Whatever is wrong with it, reading all the data again still gives the result.
    const why = errorMessage(error);
    log.warn(`The checkpoint cannot be read: starting over (${ellipsis(why.replaceAll(/\s+/g, ' '), 200)})`);
  }
  return undefined;
}
