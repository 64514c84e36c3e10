import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReportProgress } from '../lib/progress.ts';
import { SetupError } from '../lib/setup-error.ts';
import { stopRecorded } from './processes.ts';
import { type EngineState, readEngineState, statePath, writeEngineState } from './state.ts';
import { type TemporalCli, minorOf, sameMinor } from './version.ts';

/** Name of the database file in HOME. */
export const databaseFile = 'temporal.db';

/** Returns the paths of the database's three files: the data, the log of changes, and the index of that log. */
export function databaseFiles(home: string): string[] {
  return ['', '-wal', '-shm'].map((suffix) => join(home, databaseFile + suffix));
}
const stopDeadlineMs = 10_000;

export type Database = EngineState['database'];

/** Returns the server version that HOME's database needs; undefined when there is no database yet. */
export function databaseVersion(home: string): string | undefined {
  const database = readEngineState(home)?.database;
  return database?.complete === true ? database.serverVersion : undefined;
}

/** Stops the server that the last process to use HOME left behind when it was killed. */
export async function stopOrphan(home: string, report?: ReportProgress): Promise<void> {
  const state = readEngineState(home);
  if (state === undefined || state.process === null) return;
  const { pid, startedAt } = state.process;
  report?.({ waitingFor: 'Stopping the Temporal server that an earlier run left behind' });
  if (!(await stopRecorded({ pid, startedAt }, stopDeadlineMs))) {
    throw new SetupError(
      `The Temporal server of an earlier run (pid ${pid}) can't be stopped; stop it manually.`,
    );
  }
  writeEngineState(home, { ...state, process: null });
}

/**
 * @returns the record of the database that this server opens or creates.
 * @throws {SetupError} when it is missing, or another minor version created it.
 */
export async function prepareDatabase(home: string, cli: TemporalCli): Promise<Database> {
  const file = join(home, databaseFile);
  const before = readEngineState(home)?.database;
  // A file without a record may hold a user's data, so it is never treated as unfinished.
  if (before === undefined) return { serverVersion: cli.serverVersion, complete: existsSync(file) };
  if (!before.complete) {
    // The server creates the schema only with a new file: if it died before it served, the file is useless, and empty.
    for (const each of databaseFiles(home)) await rm(each, { force: true });
    return { serverVersion: cli.serverVersion, complete: false };
  }
  if (!existsSync(file)) {
    throw new SetupError(
      `${file} is missing, which had all tasks. Restore it from a backup, or delete ${statePath(home)} to start ` +
        'with no tasks.',
    );
  }
  if (sameMinor(before.serverVersion, cli.serverVersion)) return before;
  throw new SetupError(
    `${file} was created by Temporal server ${before.serverVersion}; ${cli.path} is ${cli.serverVersion} and can't ` +
      `open it. Set TEMPORAL_CLI to one with server ${minorOf(before.serverVersion)}, or TASKBELL_HOME to a new folder.`,
  );
}
