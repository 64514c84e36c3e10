/** Recognises what a file is by how it begins, whatever its name says. */
import { extname } from 'node:path';
import type { Head } from './bytes.ts';
import { invalidData } from './invalid-data.ts';

/** `tsv` is text/tab-separated-values, which has no quotation marks. */
export type Format = 'csv' | 'tsv' | 'json' | 'json lines';

const byExtension = new Map<string, Format>([
  ['.csv', 'csv'],
  ['.json', 'json'],
  ['.jsonl', 'json lines'],
  ['.ndjson', 'json lines'],
  ['.tsv', 'tsv'],
  ['.tab', 'tsv'],
]);

/** Returns the format that a file's name says; undefined if it says none. */
export function formatOfName(path: string): Format | undefined {
  return byExtension.get(extname(path).toLowerCase());
}

/** First bytes of files that people take for tables, or put a table into. */
const signatures: readonly (readonly [signature: string, what: string])[] = [
  ['\x1f\x8b', 'compressed with gzip: decompress it'],
  ['BZh', 'compressed with bzip2: decompress it'],
  ['\xfd7zXZ\x00', 'compressed with xz: decompress it'],
  ['\x28\xb5\x2f\xfd', 'compressed with zstd: decompress it'],
  ['7z\xbc\xaf\x27\x1c', 'a 7-Zip archive: extract it'],
  ['PK\x03\x04', 'a spreadsheet (such as .xlsx) or another ZIP archive: export it as CSV'],
  ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'a spreadsheet (.xls): export it as CSV'],
  ['%PDF-', 'a PDF document'],
  ['PAR1', 'a Parquet file: export it as CSV'],
  ['ARROW1', 'an Arrow file: export it as CSV'],
  ['Obj\x01', 'an Avro file: export it as CSV'],
  ['SQLite format 3\x00', 'a SQLite database: export a table as CSV'],
];

/** Number of bytes that {@link rejectNoText} wants to see. */
export const signatureBytes = 16;

/** Throws `InvalidData` for a file that is known to be no text. */
export function rejectNoText(start: Buffer): void {
  const text = start.toString('latin1');
  const what = signatures.find(([signature]) => text.startsWith(signature))?.[1];
  if (what !== undefined) throw invalidData(`The file is not a table but ${what}`);
}

/** Throws `InvalidData` for a file of a kind that is not known, but has the zero bytes that texts don't have. */
export function rejectBinary({ text }: Head): void {
  if (!text.includes('\0')) return;
  throw invalidData('The file is not text but binary, since it has zero bytes: export it as CSV in UTF-8');
}

/**
 * Returns the format of a text: the one that its name says, or what it looks like.
 *
 * @throws TaskFailure `InvalidData` if it is no table, or JSON by the name of CSV.
 */
export function formatOf(named: Format | undefined, { text }: Head): Format {
  rejectMarkup(text);
  const json = jsonFormatOf(named, text);
  if (json === undefined) return named ?? 'csv';
  if (named !== 'csv' && named !== 'tsv') return json;
  throw invalidData(
    `The data are JSON, not CSV: give them as a file whose name ends in ${json === 'json' ? '.json' : '.jsonl'}`,
  );
}

function rejectMarkup(text: string): void {
  const markup = /^\s*(<(?:!doctype|!--|\?xml|html|head|body|table|meta|svg)\b)/i.exec(text)?.[1];
  if (markup === undefined) return;
  const what = /xml|svg/i.test(markup) ? 'an XML document' : 'an HTML page';
  throw invalidData(`The data are not a table but ${what}: they begin with "${markup}"`);
}

/** Returns which JSON a text is; undefined if it is none. */
function jsonFormatOf(named: Format | undefined, text: string): 'json' | 'json lines' | undefined {
  const isArray = /^\s*\[/.test(text);
  if (named === 'json lines') return isArray ? 'json' : 'json lines';
  if (hasJsonLines(text)) return 'json lines';
  const isObject = /^\s*\{\s*"(?:[^"\\]|\\.)*"\s*:/.test(text);
  return named === 'json' || isObject || /^\s*\[\s*[{\]]/.test(text) ? 'json' : undefined;
}

/** Returns whether the first line is a JSON object, and the second, if there is one, begins another. */
function hasJsonLines(text: string): boolean {
  const [first = '', second] = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  return first.trimStart().startsWith('{') && isJson(first) && second?.trimStart().startsWith('{') === true;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // Whatever it is, it is not JSON.
    return false;
  }
}
