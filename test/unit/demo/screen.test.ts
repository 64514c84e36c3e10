import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { openScreen } from '../../../demo/screen.ts';
import type { Output } from '../../../src/lib/command.ts';
import type { Row } from '../../../demo/table.ts';
import { aTask } from './fixtures.ts';

interface Terminal {
  readonly output: Output;
  written(): string;
  resize(columns: number): void;
}

function terminal(traits: Partial<Pick<Output, 'isTTY' | 'hasColors' | 'columns' | 'rows'>>): Terminal {
  const chunks: string[] = [];
  const emitter = new EventEmitter();
  const output = Object.assign(
    emitter,
    { write: (text: string) => chunks.push(text) > 0 },
    traits,
  ) as unknown as Output;
  return {
    output,
    // Escape characters are spelled out to make them visible.
    written: () => chunks.splice(0).join('').replaceAll('\u001B', 'ESC'),
    resize(columns) {
      Object.assign(output, { columns });
      emitter.emit('resize');
    },
  };
}

const rich = { isTTY: true, hasColors: () => true, columns: 80, rows: 24 };

function twoRows(): [Row, Row] {
  return [
    { name: 'One', task: aTask() },
    { name: 'Two', task: aTask() },
  ];
}

test('redraws the table in place when a row changes', () => {
  const { output, written } = terminal(rich);
  const rows = twoRows();
  const screen = openScreen(output, rows);
  expect(written()).not.toContain('ESC[2A');
  rows[0].task = aTask({ status: 'RUNNING', waiting: null });
  screen.update(rows[0]);
  expect(written()).toMatch(/^ESC\[2A\rESC\[2K {2}One .*RUNNING.*\n\rESC\[2K {2}Two /);
  screen.close();
});

test('draws a new table below after a resize, since old lines may have wrapped', () => {
  const { output, written, resize } = terminal(rich);
  const screen = openScreen(output, twoRows());
  written();
  resize(40);
  expect(written()).toMatch(/^\rESC\[2K {2}One/);
  screen.close();
  expect(output.listenerCount('resize')).toBe(0);
});

test.each([
  ['an output that is not a terminal', { isTTY: false }],
  ['a terminal that cannot move its cursor', { ...rich, hasColors: () => false }],
  ['a terminal with fewer lines than tasks', { ...rich, rows: 2 }],
])('writes a line for each change, and no escape codes, to %s', (_what, traits) => {
  const { output, written } = terminal(traits);
  const rows = twoRows();
  const screen = openScreen(output, rows);
  written();
  screen.update(rows[0]);
  expect(written()).toBe('');
  rows[0].task = aTask({ status: 'CANCELLED', waiting: null });
  screen.update(rows[0]);
  expect(written()).toMatch(/^ +\d+\.\d s {2}One {2}CANCELLED {2}before it ran\n$/);
  screen.close();
});
