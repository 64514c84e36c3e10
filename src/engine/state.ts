import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { SetupError } from '../lib/setup-error.ts';
import { isErrno } from '../lib/errno.ts';
import { errorMessage } from '../lib/error-message.ts';

const stateSchema = z.object({
  /**
   * The database file: the version of the server that created it, and whether that server ever started with
   * it.
   */
  database: z.object({ serverVersion: z.string(), complete: z.boolean() }),
  /** The running server; null after an orderly stop. A server recorded here whose parent has ended is an orphan. */
  process: z
    .object({
      pid: z.number(),
      startedAt: z.string().optional(),
      executable: z.string(),
      port: z.number(),
      /** Absent without a Web UI. */
      webUiPort: z.number().optional(),
    })
    .nullable(),
});

/** What HOME/engine.json records about the embedded server. */
export type EngineState = z.infer<typeof stateSchema>;

export function readEngineState(home: string): EngineState | undefined {
  const path = statePath(home);
  try {
    return stateSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw new SetupError(
      `${path} can't be read (${errorMessage(error)}). If no Temporal server of Taskbell is running, delete the file.`,
      { cause: error },
    );
  }
}

/** Writes synchronously, so that a server never runs unrecorded for longer than its start takes. */
export function writeEngineState(home: string, state: EngineState): void {
  const path = statePath(home);
  writeFileSync(`${path}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Returns the path of the record. */
export function statePath(home: string): string {
  return join(home, 'engine.json');
}
