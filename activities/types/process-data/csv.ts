import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import type { TaskContext } from '../define.ts';
import { chunksOf, headOf, type ByteSource } from './bytes.ts';
import type { Column } from './column.ts';
import { invalidData } from './invalid-data.ts';
import { MAX_COLUMNS, type Table } from './table.ts';
import { ellipsis } from '../text.ts';

/** A record's limit, without which one unclosed quote would read the whole file into memory. */
const MAX_RECORD_BYTES = 8 * 1024 * 1024;
const DELIMITERS = [',', ';', '\t'];

/** Adds the rows of a CSV source, whose first line names the columns, to the table. */
export async function readCsv(source: ByteSource, table: Table, context: TaskContext): Promise<void> {
  const parser = parse({
    bom: true,
    delimiter: delimiterOf(await headOf(source)),
    max_record_size: MAX_RECORD_BYTES,
    // All of them, because files do mix line ends.
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count_less: true,
    skip_empty_lines: true,
  });
  try {
    // An abort comes in by the chunks, which end with the signal's reason; the pipeline's own would be an AbortError.
    await pipeline(chunksOf(source, context), parser, (records) => addRecords(records, table));
  } catch (error) {
    throw error instanceof CsvError ? malformed(error) : error;
  }
}

async function addRecords(records: AsyncIterable<string[]>, table: Table): Promise<void> {
  let columns: Column[] | undefined;
  for await (const record of records) {
    if (columns === undefined) {
      // One more than the table takes, for it to refuse; a header of millions would take long to name.
      columns = uniqueNames(record.slice(0, MAX_COLUMNS + 1)).map((name) => table.column(name));
      continue;
    }
    table.rows++;
    for (let i = 0; i < record.length; i++) columns[i]?.addText(record[i] ?? '');
  }
}

/** The delimiter that the first line has most of; a comma if it has none. */
function delimiterOf(head: Buffer): string {
  const [firstLine = ''] = head
    .toString()
    .replaceAll(/"[^"]*"/g, '')
    .split(/[\r\n]/, 1);
  const counted = DELIMITERS.map((delimiter) => ({ delimiter, count: firstLine.split(delimiter).length }));
  return counted.reduce((a, b) => (b.count > a.count ? b : a)).delimiter;
}

/** Names for all columns: `column_3` where there is none, `price_2` for the second `price`. */
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
