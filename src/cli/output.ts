/** Output of commands on standard output. */
import type { Io } from '../lib/command.ts';

/** Prints a line, or several. */
export function printText({ stdout }: Io, text: string): void {
  stdout.write(`${text}\n`);
}

/** Prints a value as JSON that people can read, too. */
export function printJson(io: Io, value: unknown): void {
  printText(io, JSON.stringify(value, null, 2));
}

export interface Column {
  readonly title: string;
  /** Minimum width, in characters. */
  readonly minWidth?: number;
}

/** Prints rows below the titles of their columns, which are as wide as their longest cell. */
export function printTable(io: Io, columns: readonly Column[], rows: readonly (readonly string[])[]): void {
  const widths = columns.map(({ title, minWidth = 0 }, i) =>
    Math.max(minWidth, title.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const lines = [columns.map(({ title }) => title), ...rows].map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  printText(io, lines.join('\n'));
}
