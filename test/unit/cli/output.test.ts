import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import type { Io } from '../../../src/lib/command.ts';
import { printJson, printTable } from '../../../src/cli/output.ts';

/** Returns what is printed on standard output. */
async function printed(print: (io: Io) => void): Promise<string> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  print({ stdin, stdout, stderr });
  stdout.end();
  return text(stdout);
}

test('a table has columns as wide as their longest cell, and no spaces at the ends of lines', async () => {
  const columns = [{ title: 'NAME' }, { title: 'ROLE' }];
  const rows = [
    ['alice', 'user'],
    ['bo', 'x'],
  ];
  expect(await printed((io) => printTable(io, columns, rows))).toBe('NAME   ROLE\nalice  user\nbo     x\n');
});

test('a column is at least as wide as its minimum width', async () => {
  const columns = [{ title: 'ROLE', minWidth: 6 }, { title: 'CREATED' }];
  expect(await printed((io) => printTable(io, columns, [['user', 'today']]))).toBe(
    'ROLE    CREATED\nuser    today\n',
  );
});

test('JSON is indented, and ends with a line break', async () => {
  expect(await printed((io) => printJson(io, { a: [1] }))).toBe('{\n  "a": [\n    1\n  ]\n}\n');
});
