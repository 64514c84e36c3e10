import { extname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { defineTaskType, TaskFailure, type TaskContext, type TaskType } from '../define.ts';
import { fileSource, progressReporter, textSource } from './bytes.ts';
import { readCsv } from './csv.ts';
import { openDataFile } from './data-file.ts';
import { readJsonRows } from './json-rows.ts';
import { summariseTable } from './result.ts';
import { Table } from './table.ts';

const MESSAGE = 'Data processed successfully';
/** Some milliseconds' worth; then the event loop runs. */
const ROWS_AT_ONCE = 1000;

// Not z.record: that would copy each row, and leave out a column called __proto__.
const row = z.unknown().refine(isObject, 'A row is an object with a property for each column');

const payload = z
  .strictObject({
    rows: z.array(row).optional().describe('The data themselves, an object for each row'),
    csv: z.string().optional().describe('The data as CSV; the first line names the columns'),
    file: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .describe(
        'A CSV or JSON file: "sales.csv" in your folder, else in the shared one; or "shared/sales.csv"',
      ),
  })
  .refine(({ rows, csv, file }) => [rows, csv, file].filter((data) => data !== undefined).length <= 1, {
    message: 'Give rows, csv or file, not several of them',
  });

type ProcessDataPayload = z.output<typeof payload>;

/**
 * Summarises a table, column by column.
 *
 * @param settings.dataDir the folder with a folder of files for each owner, and one called `shared`; undefined: no files
 */
export function createProcessData(settings: { dataDir: string | undefined }): TaskType<ProcessDataPayload> {
  return defineTaskType({
    name: 'process-data',
    description: 'Summarises rows, CSV text or a data file, column by column',
    payload,
    async run(context, { rows, csv, file }) {
      const table = new Table();
      if (rows !== undefined) await readRows(rows, table, context);
      else if (csv !== undefined) await readCsv(textSource(csv), table, context);
      else if (file !== undefined) await readFile(settings.dataDir, file, table, context);
      else return { message: MESSAGE };
      const { shortened, ...summary } = await summariseTable(table, context.signal);
      if (shortened)
        context.log.warn('The summary is large: values are shortened, and fewer frequent ones listed');
      context.progress(100);
      return { message: MESSAGE, ...summary };
    },
  });
}

async function readRows(rows: readonly unknown[], table: Table, context: TaskContext): Promise<void> {
  const report = progressReporter(context);
  for (const [i, row] of rows.entries()) {
    if (i % ROWS_AT_ONCE === 0) {
      await setImmediate();
      context.signal.throwIfAborted();
      report(i / rows.length);
    }
    if (isObject(row)) table.addObject(row);
  }
}

async function readFile(
  dataDir: string | undefined,
  path: string,
  table: Table,
  context: TaskContext,
): Promise<void> {
  if (dataDir === undefined) {
    throw new TaskFailure('FileNotAllowed', 'Files are not enabled: TASKBELL_DATA_DIR is not set', {
      retryable: false,
    });
  }
  const { handle, size } = await openDataFile(dataDir, context.owner, path);
  try {
    const read = extname(path).toLowerCase() === '.json' ? readJsonRows : readCsv;
    await read(fileSource(handle, size), table, context);
  } finally {
    await handle.close();
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
