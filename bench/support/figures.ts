/** What a run measures, and how it is printed: a line for each contender of each figure. */
import { median } from './statistics.ts';

/** A figure of the benchmark, such as the rate of creations, measured for one or more contenders. */
export interface Figure {
  readonly title: string;
  readonly unit: string;
  /** Number of decimals that are printed. */
  readonly digits?: number;
  /** Whether more is better, as with a rate. Otherwise less is. */
  readonly moreIsBetter?: boolean;
  /** The contender to which the others are compared: `bare` by default. */
  readonly reference?: string;
  readonly target?: Target;
  /** Values of each contender in the order of the rounds, of which all contenders have run each one. */
  readonly values: Readonly<Record<string, readonly number[]>>;
}

/** What Taskbell must reach: a multiple of another contender's value in the same run, or an absolute value. */
export type Target = Bound & {
  readonly of?: string;
  readonly recorded?: number;
  /** Whether it is a promise, which an absolute value must keep in the worst round. Otherwise the median counts. */
  readonly isPromise?: boolean;
};

type Bound = { readonly atMost: number } | { readonly atLeast: number };

export type Verdict = 'met' | 'not met' | 'unknown';

/** The contender that has to reach the targets. */
export const ours = 'taskbell';
export const defaultReference = 'bare';

/** Returns the ratios of a contender's values to those of the reference, round by round. */
export function ratios(values: readonly number[], reference: readonly number[]): number[] {
  return values.flatMap((value, round) => {
    const base = reference[round];
    return base === undefined || base === 0 ? [] : [value / base];
  });
}

/**
 * Compares our value with the target. Where the contender of the target has not run, `recorded` (its value in an earlier
 * run, on another day) takes its place.
 */
export function judge({ target, values }: Figure): Verdict {
  const own = values[ours] ?? [];
  if (target === undefined || own.length === 0) return 'unknown';
  const measured = measuredFor(target, values, own);
  if (Number.isNaN(measured)) return 'unknown';
  const isMet = 'atMost' in target ? measured <= target.atMost : measured >= target.atLeast;
  return isMet ? 'met' : 'not met';
}

function measuredFor(target: Target, values: Figure['values'], own: readonly number[]): number {
  if (target.of === undefined) return target.isPromise === true ? worst(target, own) : median(own);
  const reference = values[target.of] ?? [];
  if (reference.length > 0) return median(ratios(own, reference));
  return target.recorded === undefined ? Number.NaN : median(own) / target.recorded;
}

function worst(target: Target, values: readonly number[]): number {
  return 'atMost' in target ? Math.max(...values) : Math.min(...values);
}

/** Returns the target in words, such as `≤ 0.75 × bare`. */
export function describeTarget(target: Target, { values, unit }: Pick<Figure, 'values' | 'unit'>): string {
  const [sign, bound] = 'atMost' in target ? ['≤', target.atMost] : ['≥', target.atLeast];
  if (target.of === undefined)
    return `${sign} ${bound} ${unit}${target.isPromise === true ? ', each round' : ''}`;
  const isMeasured = (values[target.of] ?? []).length > 0;
  const recorded = isMeasured || target.recorded === undefined ? '' : ` (recorded: ${target.recorded})`;
  return `${sign} ${bound} × ${target.of}${recorded}`;
}

/** Column widths of the lines. */
const widths = { title: 52, contender: 9, value: 24, ratio: 32 };

/** Returns the line above the figures. */
export function heading(): string {
  return line('', '', 'median (min..max)', 'ratio', 'target');
}

/** Returns the lines of a figure, one for each contender. */
export function linesOf(figure: Figure): string[] {
  return Object.entries(figure.values).map(([contender, values], index) =>
    line(
      index === 0 ? `${figure.title}, ${figure.unit}` : '',
      contender,
      spread(values, figure.digits ?? 1),
      ratioTo(figure, contender),
      contender === ours ? verdictOf(figure) : '',
    ),
  );
}

function ratioTo({ values, reference = defaultReference }: Figure, contender: string): string {
  const base = values[reference];
  const own = values[contender];
  if (contender === reference || base === undefined || own === undefined) return '';
  const all = ratios(own, base);
  return all.length === 0 ? '' : `${spread(all, 2)} × ${reference}`;
}

function verdictOf(figure: Figure): string {
  if (figure.target === undefined) return '';
  const mark = { met: '✓ met', 'not met': '✗ not met', unknown: '? unknown' }[judge(figure)];
  return `${describeTarget(figure.target, figure)}  ${mark}`;
}

/** Returns the median and, if there are several values, the range: `24.1 (23.0..26.2)`. */
export function spread(values: readonly number[], digits: number): string {
  if (values.length === 0) return '–';
  const middle = median(values).toFixed(digits);
  if (values.length === 1) return middle;
  return `${middle} (${Math.min(...values).toFixed(digits)}..${Math.max(...values).toFixed(digits)})`;
}

function line(title: string, contender: string, value: string, ratio: string, target: string): string {
  return [
    title.padEnd(widths.title),
    contender.padEnd(widths.contender),
    value.padEnd(widths.value),
    ratio.padEnd(widths.ratio),
    target,
  ]
    .join(' ')
    .trimEnd();
}
