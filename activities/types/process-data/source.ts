import { hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { TaskFailure, type TaskOwner } from '../define.ts';
import { bytesOf, headOf, textSource, type Head, type TextSource } from './bytes.ts';
import { readCsv } from './csv.ts';
import { openDataFile, type DataFile } from './data-file.ts';
import { decodedText } from './encoding.ts';
import { formatOf, formatOfName, rejectBinary, rejectNoText, signatureBytes, type Format } from './format.ts';
import { readJsonRows } from './json-rows.ts';
import type { Reading, ReadingNotes, Source } from './reading.ts';

/** Number of rows added before the event loop runs again; they take some milliseconds. */
const rowsAtOnce = 1000;

export function rowsSource(rows: readonly object[]): Source {
  const read = async (reading: Reading): Promise<ReadingNotes> => {
    while (reading.position < rows.length) {
      await setImmediate();
      await reading.pause();
      for (const row of rows.slice(reading.position, reading.position + rowsAtOnce)) {
        reading.table.addObject(row);
        reading.position++;
      }
    }
    return { warnings: [] };
  };
  // Identified by their text: a payload can be edited between two attempts.
  return {
    identity: identityOf('rows', JSON.stringify(rows)),
    size: rows.length,
    read,
    close: nothingToClose,
  };
}

export function csvSource(csv: string): Source {
  const text = textSource(csv);
  return {
    identity: identityOf('csv', csv),
    size: text.size,
    read: async (reading) => ({
      encoding: 'utf-8',
      ...(await readText(text, await headOf(text), 'csv', reading)),
    }),
    close: nothingToClose,
  };
}

/**
 * Throws a non-retryable TaskFailure if there is no such file, the owner may not read it, or it is no text.
 *
 * @param signal ends the look at a large file, with its reason.
 */
export async function openFileSource(
  dataDir: string | undefined,
  owner: TaskOwner,
  path: string,
  signal: AbortSignal,
): Promise<Source> {
  if (dataDir === undefined) {
    const message = 'Files are not enabled: TASKBELL_DATA_DIR is not set';
    throw new TaskFailure('FileNotAllowed', message, { retryable: false });
  }
  const file = await openDataFile(dataDir, owner, path);
  try {
    return await sourceOf(file, formatOfName(path), signal);
  } catch (error) {
    await file.handle.close();
    throw error;
  }
}

async function sourceOf(file: DataFile, named: Format | undefined, signal: AbortSignal): Promise<Source> {
  const bytes = bytesOf(file.handle, file.size);
  rejectNoText(await bytes.read(0, signatureBytes));
  const { encoding, source, warnings } = await decodedText(bytes, signal);
  const head = await headOf(source);
  rejectBinary(head);
  return {
    // The inode is left out: it differs between machines that share a folder.
    identity: identityOf('file', named ?? '', file.path, file.size, file.modifiedAtMs),
    size: source.size,
    read: async (reading) => {
      const notes = await readText(source, head, named, reading);
      return { encoding, ...notes, warnings: [...warnings, ...notes.warnings] };
    },
    close: () => file.handle.close(),
  };
}

async function readText(
  source: TextSource,
  head: Head,
  named: Format | undefined,
  reading: Reading,
): Promise<ReadingNotes> {
  const format = formatOf(named, head);
  if (format === 'csv' || format === 'tsv') return readCsv(source, head, reading, format === 'csv');
  await readJsonRows(source, reading, format === 'json lines');
  return { warnings: [] };
}

/** Returns a hash, so that a checkpoint doesn't reveal where the files are. */
function identityOf(...what: readonly (string | number)[]): string {
  return hash('sha256', JSON.stringify(what), 'hex').slice(0, 32);
}

async function nothingToClose(): Promise<void> {
  // What is in memory needs no closing.
}
