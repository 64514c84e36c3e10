import { hash } from 'node:crypto';
import { extname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { TaskFailure, type TaskOwner } from '../define.ts';
import { fileSource, textSource } from './bytes.ts';
import { readCsv } from './csv.ts';
import { openDataFile } from './data-file.ts';
import { readJsonRows } from './json-rows.ts';
import type { Reading, Source } from './reading.ts';

/** Number of rows added before the event loop runs again; they take some milliseconds. */
const rowsAtOnce = 1000;

export function rowsSource(rows: readonly object[]): Source {
  const read = async (reading: Reading) => {
    while (reading.position < rows.length) {
      await setImmediate();
      await reading.pause();
      for (const row of rows.slice(reading.position, reading.position + rowsAtOnce)) {
        reading.table.addObject(row);
        reading.position++;
      }
    }
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
  const read = (reading: Reading) => readCsv(text, reading);
  return { identity: identityOf('csv', csv), size: text.size, read, close: nothingToClose };
}

/** Throws a non-retryable TaskFailure if there is no such file, or the owner may not read it. */
export async function openFileSource(
  dataDir: string | undefined,
  owner: TaskOwner,
  path: string,
): Promise<Source> {
  if (dataDir === undefined) {
    const message = 'Files are not enabled: TASKBELL_DATA_DIR is not set';
    throw new TaskFailure('FileNotAllowed', message, { retryable: false });
  }
  const file = await openDataFile(dataDir, owner, path);
  const bytes = fileSource(file.handle, file.size);
  const format = extname(path).toLowerCase() === '.json' ? 'json' : 'csv';
  const read = format === 'json' ? readJsonRows : readCsv;
  return {
    // The inode is left out: it differs between machines that share a folder.
    identity: identityOf('file', format, file.path, file.size, file.modifiedAtMs),
    size: file.size,
    read: (reading) => read(bytes, reading),
    close: () => file.handle.close(),
  };
}

/** Returns a hash, so that a checkpoint doesn't reveal where the files are. */
function identityOf(...what: readonly (string | number)[]): string {
  return hash('sha256', JSON.stringify(what), 'hex').slice(0, 32);
}

async function nothingToClose(): Promise<void> {
  // What is in memory needs no closing.
}
