/** Reads the result of `process-data`, as far as its shape is known. */
import {
  fieldsOf,
  type Fields,
  instantIn,
  listIn,
  numberIn,
  type Scalar,
  scalarOf,
  textIn,
  textsIn,
} from './unknown.ts';

export interface DataResult {
  readonly message: string | undefined;
  readonly rows: number | undefined;
  /** The columns in the order of the data. */
  readonly columns: readonly Column[];
  readonly encoding: string | undefined;
  readonly delimiter: string | undefined;
  /** What is doubtful about how the data were read. */
  readonly warnings: readonly string[];
}

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly count: number;
  readonly missing: number;
  readonly distinct: number | undefined;
  /** The figures that exist, by name. */
  readonly figures: readonly (readonly [name: string, value: Scalar])[];
  readonly top: readonly { readonly value: Scalar; readonly count: number }[];
  /** Names of the values that are only estimated. */
  readonly approximate: ReadonlySet<string>;
  readonly histogram: Histogram | undefined;
}

export interface Histogram {
  /** A number, or a date as it was written. */
  readonly from: number | string;
  readonly to: number | string;
  /** The ends of dates as instants, in milliseconds since 1970. */
  readonly fromAt: number | undefined;
  readonly toAt: number | undefined;
  readonly counts: readonly number[];
}

/** Returns undefined if there is nothing to visualize. */
export function readDataResult(result: unknown): DataResult | undefined {
  const fields = fieldsOf(result);
  const columns = fieldsOf(fields?.get('columns'));
  if (!fields || !columns) return undefined;
  const known = inOrder(columns, textsIn(fields, 'column_order')).flatMap(
    ([name, column]) => columnOf(name, column) ?? [],
  );
  if (known.length === 0) return undefined;
  return {
    message: textIn(fields, 'message'),
    rows: numberIn(fields, 'rows'),
    columns: known,
    encoding: textIn(fields, 'encoding'),
    delimiter: textIn(fields, 'delimiter'),
    warnings: textsIn(fields, 'warnings'),
  };
}

/** Returns the columns in order. Those that it doesn't name come last. */
function inOrder(columns: Fields, order: readonly string[]): [name: string, column: unknown][] {
  const names = new Set([...order.filter((name) => columns.has(name)), ...columns.keys()]);
  return [...names].map((name) => [name, columns.get(name)]);
}

const figureNames = ['min', 'max', 'mean', 'p50', 'p95'] as const;
/** Figures of a text column. Its `min` and `max` are alphabetical, which says nothing about the texts. */
const textFigureNames = ['mean', 'p50', 'p95'] as const;

function columnOf(name: string, value: unknown): Column | undefined {
  const fields = fieldsOf(value);
  const count = fields && numberIn(fields, 'count');
  if (!fields || count === undefined) return undefined;
  const type = textIn(fields, 'type') ?? 'unknown';
  return {
    name,
    type,
    count,
    missing: numberIn(fields, 'missing') ?? 0,
    distinct: numberIn(fields, 'distinct'),
    figures: (type === 'string' ? textFigureNames : figureNames).flatMap((figure) => {
      const value = scalarOf(fields.get(figure));
      return value === undefined ? [] : [[figure, value] as const];
    }),
    top: listIn(fields, 'top').flatMap(topOf),
    approximate: new Set(textsIn(fields, 'approximate')),
    histogram: histogramOf(fieldsOf(fields.get('histogram'))),
  };
}

function topOf(item: unknown): Column['top'] {
  const fields = fieldsOf(item);
  const value = scalarOf(fields?.get('value'));
  const count = fields && numberIn(fields, 'count');
  return value === undefined || count === undefined || count < 0 ? [] : [{ value, count }];
}

function histogramOf(fields: Fields | undefined): Histogram | undefined {
  const from = fields && (numberIn(fields, 'from') ?? textIn(fields, 'from'));
  const to = fields && (numberIn(fields, 'to') ?? textIn(fields, 'to'));
  if (!fields || from === undefined || to === undefined) return undefined;
  const counts = listIn(fields, 'counts').map((count) => (typeof count === 'number' ? count : Number.NaN));
  const isWhole = counts.every((count) => Number.isFinite(count) && count >= 0);
  if (!isWhole || Math.max(0, ...counts) <= 0) return undefined;
  return { from, to, fromAt: instantIn(fields, 'from_at'), toAt: instantIn(fields, 'to_at'), counts };
}
