import { chunksOf, type TextSource } from './bytes.ts';
import { invalidData } from './invalid-data.ts';
import { namesIn, parseRow } from './json-text.ts';
import type { Reading } from './reading.ts';

/** Maximum size of a row, in bytes. Without it, one unclosed bracket would read the whole file into memory. */
const maxRowBytes = 8 * 1024 * 1024;

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OPEN_BRACKET, CLOSE_BRACKET] = [0x5b, 0x5d];
const [OPEN_BRACE, CLOSE_BRACE] = [0x7b, 0x7d];

/**
 * What may come next between rows. Inside a row, JSON.parse decides.
 *
 *     array ──[──▶ first row ──{…}──▶ comma ──,──▶ row ──{…}──▶ comma
 *                      └──]──▶ end ◀──]──┘
 *
 * Where each row has its own line, another line can follow anywhere: `line ──{…}──▶ line`.
 */
type Expected = 'array' | 'first row' | 'row' | 'comma' | 'end' | 'line';

/**
 * Adds the rows of a JSON array of objects, or of one object per line, to the reading's table, one at a time:
 * JSON.parse on a whole file would block the event loop and hold everything at once.
 */
export async function readJsonRows(source: TextSource, reading: Reading, hasLines: boolean): Promise<void> {
  const splitter = new RowSplitter(reading, hasLines);
  for await (const chunk of chunksOf(source, reading)) splitter.add(chunk);
  splitter.end();
}

/**
 * Splits bytes, not text, since a checkpoint needs to know at which byte a row ends. In UTF-8, the bytes that
 * have a meaning here are never part of another character.
 */
class RowSplitter {
  readonly #reading: Reading;
  #expected: Expected;
  readonly #afterRow: Expected;
  /** Number of brackets open in the current row; 0 between rows. */
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** The beginning of a row that continues in the next chunk. */
  #partial: Buffer[] = [];
  #partialBytes = 0;
  /** Position of the next chunk in the source. */
  #offset: number;

  constructor(reading: Reading, hasLines: boolean) {
    this.#reading = reading;
    this.#offset = reading.position;
    this.#afterRow = hasLines ? 'line' : 'comma';
    this.#expected = hasLines || reading.position > 0 ? this.#afterRow : 'array';
  }

  add(chunk: Buffer): void {
    let start = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] ?? 0;
      if (this.#depth === 0) {
        this.#between(String.fromCharCode(byte));
        start = i;
      } else if (this.#closesRow(byte)) {
        this.#addRow(chunk.subarray(start, i + 1), this.#offset + i + 1);
      }
    }
    this.#offset += chunk.length;
    if (this.#depth > 0) this.#keep(chunk.subarray(start));
  }

  end(): void {
    const isWhole = this.#expected === 'end' || (this.#expected === 'line' && this.#depth === 0);
    if (!isWhole && this.#afterRow === 'line') throw this.#malformed('the file ends within it');
    if (!isWhole) throw invalidData('The JSON ends before its array of rows does');
  }

  #between(character: string): void {
    const expected = this.#expected;
    if (/[ \t\r\n]/.test(character)) return;
    const mayOpen = expected === 'first row' || expected === 'row' || expected === 'line';
    if (character === '{' && mayOpen) this.#depth = 1;
    else if (character === '[' && expected === 'array') this.#expected = 'first row';
    else if (character === ',' && expected === 'comma') this.#expected = 'row';
    else if (character === ']' && (expected === 'first row' || expected === 'comma')) this.#expected = 'end';
    else if (expected === 'array') throw invalidData('The JSON is not an array of objects');
    else if (expected === 'end') throw invalidData('The JSON goes on after its array of rows');
    else throw this.#malformed(expected === 'comma' ? 'no comma before it' : 'it is not an object');
  }

  #closesRow(byte: number): boolean {
    if (this.#escaped) this.#escaped = false;
    else if (this.#inString && byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) this.#inString = !this.#inString;
    else if (this.#inString) return false;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#depth++;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) return --this.#depth === 0;
    return false;
  }

  #keep(piece: Buffer): void {
    this.#partial.push(piece);
    this.#partialBytes += piece.length;
    if (this.#partialBytes > maxRowBytes) throw this.#malformed('it is too long');
  }

  #addRow(rest: Buffer, end: number): void {
    const text =
      this.#partial.length > 0 ? Buffer.concat([...this.#partial, rest]).toString() : rest.toString();
    this.#partial = [];
    this.#partialBytes = 0;
    this.#expected = this.#afterRow;
    this.#reading.table.addObject(this.#parsed(text), () => namesIn(text));
    this.#reading.position = end;
  }

  #parsed(text: string): object {
    try {
      return parseRow(text);
    } catch (error) {
      if (error instanceof SyntaxError) throw this.#malformed(error.message, error);
      if (error instanceof RangeError) throw this.#malformed('it is nested too deeply', error);
      throw error;
    }
  }

  #malformed(why: string, cause?: unknown): Error {
    return invalidData(`Row ${this.#reading.table.rows + 1} of the JSON is malformed: ${why}`, cause);
  }
}
