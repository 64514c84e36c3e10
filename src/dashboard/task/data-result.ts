/** Reads the result of `process-data`, as far as its shape is known. */
import { fieldsOf, type Fields, listIn, numberIn, type Scalar, scalarOf, textIn } from './unknown.ts';

export interface DataResult {
  readonly message: string | undefined;
  readonly rows: number | undefined;
  readonly columns: readonly Column[];
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
  readonly counts: readonly number[];
}

/** Returns undefined if there is nothing to visualize. */
export function readDataResult(result: unknown): DataResult | undefined {
  const fields = fieldsOf(result);
  const columns = fieldsOf(fields?.get('columns'));
  if (!fields || !columns) return undefined;
  const known = [...columns].flatMap(([name, column]) => columnOf(name, column) ?? []);
  if (known.length === 0) return undefined;
  return { message: textIn(fields, 'message'), rows: numberIn(fields, 'rows'), columns: known };
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
    approximate: new Set(listIn(fields, 'approximate').filter((item) => typeof item === 'string')),
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
  return isWhole && Math.max(0, ...counts) > 0 ? { from, to, counts } : undefined;
}
