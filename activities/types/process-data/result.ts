import { setImmediate } from 'node:timers/promises';
import { summarise, type ColumnSummary } from './column-summary.ts';
import { invalidData } from './invalid-data.ts';
import type { Table } from './table.ts';
import { ellipsis } from '../text.ts';

/** Maximum size of the columns, in bytes. A result may have 256 KiB; the rest is for its other fields. */
const maxSummaryBytes = 253 * 1024;

/** Limits to try in turn for a summary that is too large even without histograms. */
const reductions = [
  { topValues: 10, codePoints: 40 },
  { topValues: 5, codePoints: 40 },
  { topValues: 3, codePoints: 20 },
  { topValues: 1, codePoints: 20 },
  { topValues: 0, codePoints: 10 },
] as const;

const valuesToo = 'histograms are left out, values are shortened, and fewer frequent values are listed';

export interface TableSummary {
  readonly rows: number;
  readonly columns: Record<string, ColumnSummary>;
  /** Names of the columns in the order of the data: JSON objects have names that are integers first. */
  readonly column_order: string[];
  /** What was left out to fit, in words for the log. */
  readonly leftOut?: string;
}

/** Summarises all columns, in as much detail as a result has room for. */
export async function summariseTable(table: Table, signal: AbortSignal): Promise<TableSummary> {
  const { rows } = table;
  const summaries: [string, ColumnSummary][] = [];
  for (const [name, column] of table.columns) {
    summaries.push([name, summarise(column, rows)]);
    // Sorting a column's values takes a few milliseconds, and there may be a thousand columns.
    await setImmediate();
    signal.throwIfAborted();
  }
  const column_order = [...table.columns.keys()];
  const maxBytes = maxSummaryBytes - Buffer.byteLength(JSON.stringify(column_order));
  const fits = (columns: unknown) => Buffer.byteLength(JSON.stringify(columns)) <= maxBytes;
  const columns = objectOf(summaries);
  if (fits(columns)) return { rows, columns, column_order };
  const plain = summaries.map(([name, summary]) => [name, withoutHistogram(summary)] as const);
  const plainColumns = objectOf(plain);
  if (fits(plainColumns))
    return { rows, columns: plainColumns, column_order, leftOut: 'histograms are left out' };
  for (const limits of reductions) {
    const smaller = objectOf(plain.map(([name, summary]) => [name, shorten(summary, limits)]));
    if (fits(smaller)) return { rows, columns: smaller, column_order, leftOut: valuesToo };
    await setImmediate();
  }
  throw invalidData(
    `A summary of ${summaries.length} columns with names this long is too large for a result`,
  );
}

/**
 * Builds an object with Object.fromEntries, which defines properties: a column called `__proto__` is like any
 * other.
 */
function objectOf(summaries: readonly (readonly [string, ColumnSummary])[]): Record<string, ColumnSummary> {
  return Object.fromEntries(summaries);
}

function withoutHistogram({ histogram: _left, approximate, ...others }: ColumnSummary): ColumnSummary {
  const figures = approximate?.filter((figure) => figure !== 'histogram');
  return { ...others, ...(figures && { approximate: figures }) };
}

function shorten(summary: ColumnSummary, limits: (typeof reductions)[number]): ColumnSummary {
  const cut = <T>(value: T) => (typeof value === 'string' ? ellipsis(value, limits.codePoints) : value);
  return {
    ...summary,
    min: cut(summary.min),
    max: cut(summary.max),
    top: summary.top.slice(0, limits.topValues).map(({ value, count }) => ({ value: cut(value), count })),
  };
}
