/** Finds out how a CSV text separates its fields, by the agreement of its first lines. */
import type { Head } from './bytes.ts';
import { invalidData } from './invalid-data.ts';

export interface Dialect {
  readonly delimiter: string;
  /** Where the header begins, in bytes, and its line. */
  readonly start: number;
  readonly line: number;
  /** Whether quotation marks have a meaning. */
  readonly hasQuotes: boolean;
  /** What is doubtful about it, for the task's owner. */
  readonly warnings: readonly string[];
}

/**
 * Delimiters to try. Of two on which all lines agree, the earlier one: a comma in each line may be a decimal
 * comma, or belong to a text.
 */
const delimiters = ['\t', ';', '|', ','] as const;
const names: Readonly<Record<string, string>> = {
  '\t': 'tabs',
  ';': 'semicolons',
  '|': 'pipes',
  ',': 'commas',
};

/** Number of rows that are compared with the header. */
const comparedRows = 100;

/** Lines before the header: blank ones, or with delimiters only, as spreadsheets export empty rows. */
const blankLines = /^(?:[ \t\u00a0,;|]*(?:\r\n|\n|\r))*/;
/** Excel's first line that names the delimiter. Saved again, it has one for each further column. */
const separatorLine = /^"?sep=([^\r\n"])"?\1*[^\S\r\n]*(?:\r\n|\n|\r|$)/i;

/** @throws TaskFailure `InvalidData` if the header and the rows don't agree on any delimiter. */
export function dialectOf({ text, isWhole }: Head, hasQuotes: boolean): Dialect {
  const separator = separatorLine.exec(text);
  const afterSeparator = separator?.[0].length ?? 0;
  const blank = blankLines.exec(text.slice(afterSeparator))?.[0].length ?? 0;
  const before = text.slice(0, afterSeparator + blank);
  const place = {
    start: Buffer.byteLength(before),
    line: before.split(/\r\n|\n|\r/).length,
    hasQuotes,
  };
  const rest = text.slice(before.length);
  const named = separator?.[1];
  if (hasQuotes && named !== undefined) return { ...place, delimiter: named, warnings: [] };
  const tallies = delimiters.map((delimiter) => talliedBy(delimiter, rest, isWhole));
  return { ...place, ...(hasQuotes ? agreed(tallies, place.line) : tabs(tallies)) };
}

/** The name says that tabs are the delimiter, and only doubt is left. */
function tabs(tallies: readonly Tally[]): Pick<Dialect, 'delimiter' | 'warnings'> {
  const hasTabs = tallies.some(({ delimiter, header }) => delimiter === '\t' && header > 1);
  const other = tallies.find(({ header, rows }) => header > 1 && isConstant(rows) && rows[0] === header);
  if (hasTabs || other === undefined) return { delimiter: '\t', warnings: [] };
  const lines = `each line has ${other.header} fields separated by ${nameOf(other)}`;
  return { delimiter: '\t', warnings: [`The file's name says that it has tabs, but ${lines}.`] };
}

/** What a delimiter makes of the first lines. */
interface Tally {
  readonly delimiter: string;
  /** Fields of the header. */
  readonly header: number;
  /** Fields of each row. */
  readonly rows: readonly number[];
  /** Quotation marks inside of fields: with the right delimiter, they are at the ends. */
  readonly faults: number;
}

function talliedBy(delimiter: string, text: string, isWhole: boolean): Tally {
  const { counts, faults } = fieldCounts(text, delimiter, isWhole);
  const [header = 1, ...rows] = counts;
  return { delimiter, header, rows, faults };
}

function agreed(tallies: readonly Tally[], line: number): Pick<Dialect, 'delimiter' | 'warnings'> {
  const rows = tallies[0]?.rows.length ?? 0;
  const splitting = tallies.filter(({ header }) => header > 1);
  if (rows === 0) {
    // All there is is the header, so the delimiter that it has most often.
    const most = splitting.toSorted((a, b) => b.header - a.header)[0];
    return { delimiter: most?.delimiter ?? ',', warnings: [] };
  }
  if (splitting.length === 0) return undivided(tallies, line);
  const like = (tally: Tally) => tally.rows.filter((fields) => fields === tally.header).length;
  const within = (tally: Tally) => tally.rows.filter((fields) => fields > 1 && fields <= tally.header).length;
  // Where all rows are short, what is left to go by is the header.
  const isKnown = splitting.some((tally) => within(tally) > 0);
  const [best] = splitting.toSorted(
    (a, b) =>
      a.faults - b.faults ||
      like(b) - like(a) ||
      within(b) - within(a) ||
      (isKnown ? 0 : b.header - a.header),
  );
  const other = tallies.find(({ rows }) => isConstant(rows));
  if (best === undefined || (within(best) === 0 && other)) throw disagreement(best, other, line);
  return { delimiter: best.delimiter, warnings: [] };
}

function disagreement(best: Tally | undefined, other: Tally | undefined, line: number): Error {
  return invalidData(
    `The header in line ${line} has ${best?.header} fields separated by ${nameOf(best)}, but the rows have ${other?.rows[0]} separated by ${nameOf(other)}: use one delimiter, and quote the fields that contain it`,
  );
}

/** The header is one field, whatever the delimiter. */
function undivided(tallies: readonly Tally[], line: number): Pick<Dialect, 'delimiter' | 'warnings'> {
  const other = tallies.find(
    ({ rows, delimiter }) => delimiter !== ',' && isConstant(rows) && rows.length > 1,
  );
  if (other === undefined) return { delimiter: ',', warnings: [] };
  const rows = `each row has ${other.rows[0]} fields separated by ${nameOf(other)}`;
  // More than a list of a few values in the only column.
  if ((other.rows[0] ?? 0) > 2) {
    throw invalidData(
      `The header in line ${line} has one field, but ${rows}: name each column in the first line`,
    );
  }
  return { delimiter: ',', warnings: [`The data were read as one column, although ${rows}.`] };
}

function isConstant(rows: readonly number[]): boolean {
  return (rows[0] ?? 1) > 1 && rows.every((fields) => fields === rows[0]);
}

function nameOf(tally: Tally | undefined): string {
  return names[tally?.delimiter ?? ','] ?? '';
}

/**
 * Counts the fields of each record that is not blank. A beginning that is not whole ends within a record, which
 * is left out unless it is the only one.
 */
function fieldCounts(
  text: string,
  delimiter: string,
  isWhole: boolean,
): { counts: number[]; faults: number } {
  const counts: number[] = [];
  let [fields, faults, isBlank] = [1, 0, true];
  let at: 'start' | 'plain' | 'quoted' | 'after quote' = 'start';
  for (let i = 0; i < text.length && counts.length <= comparedRows; i++) {
    const character = text[i];
    if (at === 'quoted') {
      if (character === '"') at = 'after quote';
    } else if (character === '"') {
      // After a quotation mark, another one means a mark within the field, which goes on.
      if (at === 'plain') faults++;
      else at = 'quoted';
      isBlank = false;
    } else if (character === delimiter) {
      fields++;
      [at, isBlank] = ['start', false];
    } else if (character === '\n' || character === '\r') {
      if (!isBlank) counts.push(fields);
      [fields, at, isBlank] = [1, 'start', true];
    } else {
      if (at === 'after quote') faults++;
      at = 'plain';
      if (character !== ' ') isBlank = false;
    }
  }
  if (counts.length <= comparedRows && !isBlank && (isWhole || counts.length === 0)) counts.push(fields);
  return { counts, faults };
}
