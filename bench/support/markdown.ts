/** The tables of docs/performance.md, made of a run that was kept with `--json`. */
import { defaultReference, describeTarget, type Figure, ours, ratios } from './figures.ts';
import { median } from './statistics.ts';

/** A run, as `--json` writes it. */
export interface Run {
  /** The commit that was measured, with `-dirty` if there were changes. */
  readonly commit: string;
  readonly machine: string;
  /** When it was started, in UTC. */
  readonly started: string;
  readonly rounds: number;
  /** The parts that were run. */
  readonly chosen: readonly string[];
  readonly figures: readonly Figure[];
}

/** Contenders of the first table. All others are in the second one. */
const main = [ours, defaultReference];

/** Returns what was measured, the table with the targets and, if others have run, the table that has all contenders. */
export function markdownOf({ commit, machine, started, rounds, figures }: Run): string {
  const contenders = [...new Set([...main, ...figures.flatMap(({ values }) => Object.keys(values))])];
  const others = contenders.filter((name) => !main.includes(name));
  const tables = [
    table(
      ['figure', ...main, 'ratio', 'target'],
      figures.filter(({ values }) => has(values, main)).map(mainRow),
    ),
    ...(others.length === 0
      ? []
      : [
          table(
            ['figure', ...contenders],
            figures
              .filter(({ values }) => has(values, others))
              .map((figure) => [titleOf(figure), ...contenders.map((name) => cell(figure, name))]),
          ),
        ]),
  ];
  return [`Commit ${commit}, ${started}, ${rounds} rounds, ${machine}.`, ...tables].join('\n\n');
}

function has(values: Figure['values'], contenders: readonly string[]): boolean {
  return contenders.some((name) => (values[name] ?? []).length > 0);
}

function mainRow(figure: Figure): string[] {
  const { values, reference = defaultReference } = figure;
  const all = ratios(values[ours] ?? [], values[reference] ?? []);
  return [
    titleOf(figure),
    ...main.map((name) => cell(figure, name)),
    all.length === 0 ? '' : median(all).toFixed(2),
    targetOf(figure),
  ];
}

/** Returns the target in words, without the value that an earlier run has recorded. */
function targetOf({ target, ...figure }: Figure): string {
  if (target === undefined) return '';
  const { recorded: _recorded, ...rest } = target;
  return describeTarget(rest, figure);
}

/** Returns the title with its unit. Those of figures that belong to the one above begin with two spaces. */
function titleOf({ title, unit }: Figure): string {
  return `${title.replace(/^ +/, '… ')}, ${unit}`;
}

/** Returns the median and the range, such as `1,463 (1,380–1,764)`. */
function cell({ values, digits = 1 }: Figure, contender: string): string {
  const own = values[contender] ?? [];
  if (own.length === 0) return '';
  const text = (value: number): string =>
    value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const middle = text(median(own));
  return own.length === 1 ? middle : `${middle} (${text(Math.min(...own))}–${text(Math.max(...own))})`;
}

/** The formatter of the repository aligns the columns. */
function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  return [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
