import { readFileSync, symlinkSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { TaskFailure } from '../../../activities/types/define.ts';
import { createProcessData } from '../../../activities/types/process-data/index.ts';
import { createContext } from './support.ts';

const cases = join(import.meta.dirname, '../../cases');
const dataDir = mkdtempSync(join(tmpdir(), 'taskbell-cases-'));
symlinkSync(join(cases, 'files'), join(dataDir, 'shared'));
const type = createProcessData({ dataDir });

afterAll(() => rmSync(dataDir, { recursive: true }));

/** What a task shows: `columns` in order, `COLUMN.FIGURE`, or `failed`, a pattern in its error. */
type Outcome = Readonly<Record<string, unknown>>;
const expected = JSON.parse(readFileSync(join(cases, 'expected.json'), 'utf8')) as Record<
  string,
  Outcome | readonly Outcome[]
>;

interface Result {
  readonly rows: number;
  readonly columns: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly column_order: readonly string[];
}

async function outcomeOf(file: string): Promise<Result | TaskFailure> {
  try {
    return JSON.parse(JSON.stringify(await type.run(createContext(), { file }))) as Result;
  } catch (error) {
    if (error instanceof TaskFailure) return error;
    throw error;
  }
}

function figureOf(outcome: Result | TaskFailure, name: string): unknown {
  if (outcome instanceof TaskFailure) {
    if (name === 'attempts') return outcome.retryable ? 2 : 1;
    return name === 'failed' ? outcome.message : undefined;
  }
  if (name === 'rows') return outcome.rows;
  if (name === 'columns') return outcome.column_order;
  const dot = name.lastIndexOf('.');
  return outcome.columns[name.slice(0, dot)]?.[name.slice(dot + 1)];
}

function matches(outcome: Result | TaskFailure, wanted: Outcome): boolean {
  return Object.entries(wanted).every(([name, value]) => {
    const figure = figureOf(outcome, name);
    if (name === 'failed')
      return new RegExp(String(value), 'i').test(typeof figure === 'string' ? figure : '');
    return JSON.stringify(figure) === JSON.stringify(value);
  });
}

describe('process-data: files as other programs write them', () => {
  it.each(Object.keys(expected))('%s is read truly, or rejected once', async (file) => {
    const wanted = [expected[file] ?? []].flat();
    const outcome = await outcomeOf(file);
    const isRight = wanted.some((each) => matches(outcome, each));
    const shown = outcome instanceof TaskFailure ? outcome.message : JSON.stringify(outcome);
    expect(isRight, `Expected ${JSON.stringify(wanted)}, but it was ${shown}`).toBe(true);
  });
});
