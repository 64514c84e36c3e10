import { pipeline } from 'node:stream/promises';
import { CsvError, Parser } from 'csv-parse';
import { chunksOf, type Head, type TextSource } from './bytes.ts';
import type { Column } from './column.ts';
import { dialectOf, type Dialect } from './dialect.ts';
import { invalidData } from './invalid-data.ts';
import { isBlank } from './kinds.ts';
import type { Reading } from './reading.ts';
import { maxColumns, type Table } from './table.ts';
import { ellipsis } from '../text.ts';

/** Maximum size of a record, in bytes. Without it, one unclosed quote would read the whole file into memory. */
const maxRecordBytes = 8 * 1024 * 1024;

/**
 * Adds the rows of a CSV source, whose first line names the columns, to the reading's table.
 *
 * @param hasQuotes whether quotation marks have a meaning.
 */
export async function readCsv(
  source: TextSource,
  head: Head,
  reading: Reading,
  hasQuotes: boolean,
): Promise<Pick<Dialect, 'delimiter' | 'warnings'>> {
  const dialect = dialectOf(head, hasQuotes);
  const again = reading.position > 0 ? headerAgain(dialect, reading.table) : Buffer.alloc(0);
  const parser = new RowParser(reading, dialect, again.length);
  const chunks = async function* () {
    if (again.length > 0) yield again;
    yield* chunksOf(source, reading, Math.max(reading.position, dialect.start));
  };
  try {
    // An abort arrives through the chunks, which throw the signal's reason; the pipeline itself would throw
    // an AbortError.
    await pipeline(chunks, parser.resume());
  } catch (error) {
    throw error instanceof CsvError ? malformed(error) : error;
  }
  return { delimiter: dialect.delimiter, warnings: [...dialect.warnings, ...doubtsOf(reading.table)] };
}

/**
 * Returns a substitute header for a parser that resumes after the real one. It has as many columns, which
 * gives the parser the number of fields in a row.
 */
function headerAgain({ delimiter }: Dialect, table: Table): Buffer {
  const names = [...table.columns.keys()].map((_, i) => `column_${i + 1}`);
  return Buffer.from(`${names.join(delimiter)}\n`);
}

/**
 * Adds each record at the moment it is parsed, when `info` says where it ends. The parser's options `info`
 * and `on_record` provide that too, but take 2 µs for each record, which is 40 % more time.
 */
class RowParser extends Parser {
  readonly #reading: Reading;
  /** Position in the source of the parser's first byte. */
  readonly #offset: number;
  readonly #resumed: boolean;
  #columns: readonly Column[] | undefined;

  /** @param headerBytes size of the substitute header, in bytes, if the parser resumes; otherwise 0. */
  constructor(reading: Reading, { delimiter, start, line, hasQuotes }: Dialect, headerBytes: number) {
    super({
      delimiter,
      max_record_size: maxRecordBytes,
      // All of them, because some files mix line endings.
      record_delimiter: ['\r\n', '\n', '\r'],
      quote: hasQuotes ? '"' : null,
      escape: hasQuotes ? '"' : null,
      relax_column_count_less: true,
      skip_empty_lines: true,
    });
    this.#reading = reading;
    this.#offset = Math.max(reading.position, start) - headerBytes;
    this.#resumed = headerBytes > 0;
    // Error messages count lines from there.
    if (!this.#resumed) Object.assign(this.info, { lines: line });
  }

  /** Passes nothing on: records that wait for a reader would be in no checkpoint. */
  override push(record: string[] | null): boolean {
    if (record === null) return super.push(null);
    // Errors are not thrown: at the end of the data, nothing would catch them.
    if (!this.destroyed) this.#tryToAdd(record);
    return true;
  }

  #tryToAdd(record: string[]): void {
    try {
      this.#add(record);
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #add(record: string[]): void {
    const reading = this.#reading;
    const { table } = reading;
    if (this.#columns) {
      // A line of blanks is a blank line, unless it could be a value.
      if (record.length === 1 && this.#columns.length > 1 && isBlank(record[0] ?? '')) return;
      table.rows++;
      if (record.length < this.#columns.length) table.shortRows++;
      for (let i = 0; i < record.length; i++) this.#columns[i]?.addText(record[i] ?? '');
    } else if (this.#resumed) {
      this.#columns = [...table.columns.values()];
      Object.assign(this.info, { lines: reading.line });
      return;
    } else {
      this.#columns = columnsOf(record, table);
    }
    reading.position = this.#offset + this.info.bytes;
    reading.line = this.info.lines;
  }
}

function columnsOf(header: readonly string[], table: Table): Column[] {
  // One more than the table accepts, so that it rejects the data; naming millions of columns would take long.
  return uniqueNames(header.slice(0, maxColumns + 1)).map((name) => table.column(name));
}

/** Returns what may not be as the file's author meant it, in sentences. */
function doubtsOf({ columns, shortRows, rows }: Table): string[] {
  const names = [...columns.keys()];
  return [
    ...(shortRows > 0
      ? [`${shortRows} of ${rows} rows have fewer fields than the header: the others count as missing.`]
      : []),
    ...(names.some((name) => /^["']/.test(name)) && names.some((name) => /["']$/.test(name))
      ? [
          'Names have quotation marks, which are part of them: only double ones quote a field, and none in TSV.',
        ]
      : []),
  ];
}

/** Returns unique names for all columns: `column_3` if there is none, `price_2` for the second `price`. */
function uniqueNames(header: readonly string[]): string[] {
  const given = header.map((name, i) => name.trim() || `column_${i + 1}`);
  const taken = new Set<string>();
  return given.map((name) => {
    let unique = name;
    for (let n = 2; taken.has(unique) || (n > 2 && given.includes(unique)); n++) unique = `${name}_${n}`;
    taken.add(unique);
    return unique;
  });
}

function malformed(error: CsvError): Error {
  const line = String(error['lines']);
  if (error.code === 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH') {
    return invalidData(`Line ${line} has more fields than the header`, error);
  }
  return invalidData(`The CSV is malformed at line ${line}: ${ellipsis(error.message, 300)}`, error);
}
