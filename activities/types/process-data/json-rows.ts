import { StringDecoder } from 'node:string_decoder';
import type { TaskContext } from '../define.ts';
import { chunksOf, type ByteSource } from './bytes.ts';
import { invalidData } from './invalid-data.ts';
import type { Table } from './table.ts';

/** A row's limit, without which one unclosed bracket would read the whole file into memory. */
const MAX_ROW_CHARACTERS = 8 * 1024 * 1024;

/**
 * What may come next between rows; inside a row, JSON.parse judges.
 *
 *     array ──[──▶ first row ──{…}──▶ comma ──,──▶ row ──{…}──▶ comma
 *                      └──]──▶ end ◀──]──┘
 */
type Expected = 'array' | 'first row' | 'row' | 'comma' | 'end';

/**
 * Adds the rows of a JSON array of objects to the table, one at a time: JSON.parse on a whole file would block the
 * event loop and hold everything at once.
 */
export async function readJsonRows(source: ByteSource, table: Table, context: TaskContext): Promise<void> {
  const splitter = new RowSplitter(table);
  const decoder = new StringDecoder('utf8');
  for await (const chunk of chunksOf(source, context)) splitter.add(decoder.write(chunk));
  context.signal.throwIfAborted();
  splitter.end();
}

class RowSplitter {
  readonly #table: Table;
  #expected: Expected = 'array';
  /** Brackets open in the current row; 0 between rows. */
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** The beginning of a row that goes on in the next chunk. */
  #begun = '';

  constructor(table: Table) {
    this.#table = table;
  }

  add(text: string): void {
    let start = 0;
    for (let i = 0; i < text.length; i++) {
      const character = text.charAt(i);
      if (this.#depth === 0) {
        this.#between(character);
        start = i;
      } else if (this.#closesRow(character)) {
        this.#addRow(this.#begun + text.slice(start, i + 1));
        this.#begun = '';
      }
    }
    if (this.#depth > 0) this.#begun += text.slice(start);
    if (this.#begun.length > MAX_ROW_CHARACTERS) throw this.#malformed('it is too long');
  }

  end(): void {
    if (this.#expected !== 'end') throw invalidData('The JSON ends before its array of rows does');
  }

  #between(character: string): void {
    const expected = this.#expected;
    if (/[\s\uFEFF]/.test(character)) return;
    if (character === '{' && (expected === 'first row' || expected === 'row')) this.#depth = 1;
    else if (character === '[' && expected === 'array') this.#expected = 'first row';
    else if (character === ',' && expected === 'comma') this.#expected = 'row';
    else if (character === ']' && (expected === 'first row' || expected === 'comma')) this.#expected = 'end';
    else if (expected === 'array') throw invalidData('The JSON is not an array of objects');
    else if (expected === 'end') throw invalidData('The JSON goes on after its array of rows');
    else throw this.#malformed(expected === 'comma' ? 'no comma before it' : 'it is not an object');
  }

  #closesRow(character: string): boolean {
    if (this.#escaped) this.#escaped = false;
    else if (this.#inString && character === '\\') this.#escaped = true;
    else if (character === '"') this.#inString = !this.#inString;
    else if (this.#inString) return false;
    else if (character === '{' || character === '[') this.#depth++;
    else if (character === '}' || character === ']') return --this.#depth === 0;
    return false;
  }

  #addRow(text: string): void {
    this.#expected = 'comma';
    try {
      // An object, since it begins with a brace.
      this.#table.addObject(JSON.parse(text) as object);
    } catch (error) {
      if (error instanceof SyntaxError) throw this.#malformed(error.message, error);
      throw error;
    }
  }

  #malformed(why: string, cause?: unknown): Error {
    return invalidData(`Row ${this.#table.rows + 1} of the JSON is malformed: ${why}`, cause);
  }
}
