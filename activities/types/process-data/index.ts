import { z } from 'zod';
import { defineTaskType, type TaskContext, type TaskType } from '../define.ts';
import { Reading, type Source } from './reading.ts';
import { summariseTable } from './result.ts';
import { csvSource, openFileSource, rowsSource } from './source.ts';

const message = 'Data processed successfully';

// Not z.record: that would copy each row, and leave out a column called __proto__.
const row = z.unknown().refine(isObject, 'A row must be an object with a property for each column');

const payload = z
  .strictObject({
    rows: z.array(row).optional().describe('The data, as one object per row'),
    csv: z.string().optional().describe('The data as CSV; the first line names the columns'),
    file: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .describe(
        'A CSV, TSV or JSON file: "sales.csv" in your folder, otherwise in the shared one; or "shared/sales.csv"',
      ),
  })
  .refine(({ rows, csv, file }) => [rows, csv, file].filter((data) => data !== undefined).length <= 1, {
    message: 'Give rows, csv or file, but only one of them',
  });

type ProcessDataPayload = z.output<typeof payload>;

/**
 * Creates the task type that summarises a table, column by column.
 *
 * @param settings.dataDir folder that has a folder of files for each owner, and one called `shared`; if
 *   undefined, files are not allowed
 */
export function createProcessData(settings: { dataDir: string | undefined }): TaskType<ProcessDataPayload> {
  return defineTaskType({
    name: 'process-data',
    description: 'Summarises rows, CSV text or a data file, column by column',
    payload,
    // A file can have gigabytes.
    quick: ({ file }) => file === undefined,
    async run(context, data) {
      const source = await openSource(data, settings.dataDir, context);
      if (source === undefined) return { message: message };
      try {
        return { message: message, ...(await summariseSource(source, context)) };
      } finally {
        await source.close();
      }
    },
  });
}

async function openSource(
  { rows, csv, file }: ProcessDataPayload,
  dataDir: string | undefined,
  { owner, signal }: TaskContext,
): Promise<Source | undefined> {
  // The filter drops nothing: the schema has checked that all rows are objects.
  if (rows !== undefined) return rowsSource(rows.filter(isObject));
  if (csv !== undefined) return csvSource(csv);
  return file === undefined ? undefined : openFileSource(dataDir, owner, file, signal);
}

async function summariseSource(source: Source, context: TaskContext) {
  const reading = await Reading.begin(context, source);
  try {
    const { encoding, delimiter, warnings } = await source.read(reading);
    const { leftOut, ...summary } = await summariseTable(reading.table, context.signal);
    if (leftOut !== undefined) context.log.warn(`The summary is large: ${leftOut}`);
    context.progress(100);
    return {
      ...summary,
      ...(encoding !== undefined && { encoding }),
      ...(delimiter !== undefined && { delimiter }),
      ...(warnings.length > 0 && { warnings: [...warnings] }),
    };
  } catch (error) {
    await reading.interrupted();
    throw error;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
