import { childEnvironment } from '../src/config.ts';
import type { Output } from '../src/lib/command.ts';
import { detailOf, inColour, type Paint, plain, renderRows, type Row, statusLabelOf } from './table.ts';

const redrawMs = 250;
const wordColumns = 9;

/** Shows the rows as they change. showing → closed, by `close()`, which leaves the last state on the screen. */
export interface Screen {
  /** Shows that a row has changed. */
  update(row: Row): void;
  close(): void;
}

/** Chooses colours where the terminal has them and NO_COLOR does not forbid them, otherwise plain text. */
export function paintFor(output: Output): Paint {
  return output.isTTY === true && output.hasColors?.() === true ? inColour : plain;
}

/** Opens a table that is redrawn in place where the terminal can do that, otherwise a line for each change. */
export function openScreen(output: Output, rows: readonly Row[]): Screen {
  const fits = (output.rows ?? 24) > rows.length + 1;
  return canRewrite(output) && fits ? drawInPlace(output, rows) : writeLines(output, rows);
}

/** A terminal can move its cursor even if colours are forbidden; a dumb terminal can do neither. */
function canRewrite(output: Output): boolean {
  const withColours = childEnvironment({
    NO_COLOR: undefined,
    NODE_DISABLE_COLORS: undefined,
    FORCE_COLOR: undefined,
  });
  return output.isTTY === true && output.hasColors?.(withColours) === true;
}

function drawInPlace(output: Output, rows: readonly Row[]): Screen {
  const paint = paintFor(output);
  let drawn: string[] = [];

  const draw = (): void => {
    // Leave one column free: a full line would make some terminals wrap.
    const lines = renderRows(rows, Date.now(), (output.columns ?? 80) - 1, paint);
    if (lines.join('\n') === drawn.join('\n')) return;
    const up = drawn.length === 0 ? '' : `\u001B[${drawn.length}A`;
    output.write(`${up}${lines.map((line) => `\r\u001B[2K${line}\n`).join('')}`);
    drawn = lines;
  };
  /** Redraws below the old table: its lines may have wrapped, so its start is unknown. */
  const redrawBelow = (): void => {
    drawn = [];
    draw();
  };
  const timer = setInterval(draw, redrawMs);
  output.on('resize', redrawBelow);
  draw();
  return {
    update: draw,
    close() {
      clearInterval(timer);
      output.off('resize', redrawBelow);
      draw();
    },
  };
}

function writeLines(output: Output, rows: readonly Row[]): Screen {
  const startedAt = Date.now();
  const nameWidth = Math.max(...rows.map(({ name }) => name.length));
  const written = new Map<Row, string>();

  const update = (row: Row): void => {
    const { task } = row;
    // A countdown or progress alone is not worth a line.
    const key = [statusLabelOf(row), task?.waiting?.reason, task?.attempt, task?.scheduled_time].join();
    if (task === undefined && row.rejection === undefined) return;
    if (written.get(row) === key) return;
    written.set(row, key);
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1).padStart(5);
    const line = `${seconds} s  ${row.name.padEnd(nameWidth)}  ${statusLabelOf(row).padEnd(wordColumns)}  ${detailOf(row, Date.now())}`;
    output.write(`${line.trimEnd()}\n`);
  };
  for (const row of rows) update(row);
  return { update, close: () => undefined };
}
