import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { childEnvironment } from '../config.ts';
import { type Database, databaseFile } from './database.ts';
import { SetupError } from '../lib/setup-error.ts';
import type { HiddenPlace } from './hidden-ports.ts';
import { serverArguments, serverDefaults } from './flags.ts';
import { withPrivateFiles } from './private-files.ts';
import { hasEnded, stopChild } from './processes.ts';
import type { ServerLog } from './server-log.ts';
import { readEngineState, writeEngineState } from './state.ts';
import type { TemporalCli } from './version.ts';
import { recordProcess } from '../lib/process-identity.ts';
import { errorMessage } from '../lib/error-message.ts';

const stopDeadlineMs = 10_000;

export interface LaunchOptions {
  readonly home: string;
  readonly cli: TemporalCli;
  readonly host: string;
  readonly port: number;
  readonly webUiPort: number | undefined;
  readonly webUi: HiddenPlace | undefined;
  readonly metricsPort: number;
  readonly namespace: string;
  readonly database: Database;
  readonly log: ServerLog;
  readonly force: AbortSignal | undefined;
}

/** The server's process, recorded in HOME/engine.json while it lives. */
export interface ServerProcess {
  readonly pid: number;
  /** Resolves when the process has ended, with a sentence that says how. */
  readonly ended: Promise<string>;
  /** Sends SIGTERM, and SIGKILL after 10 s; resolves when the process has ended and HOME records that. */
  close(): Promise<void>;
}

/** Spawns the server and records it; doesn't wait until it serves. @throws {SetupError} when it can't be spawned. */
export async function launchServer(options: LaunchOptions): Promise<ServerProcess> {
  const { home, cli, port, webUiPort, log, database } = options;
  const child = withPrivateFiles(() =>
    spawn(cli.path, serverArguments({ ...options, databaseFile }), {
      cwd: home,
      env: serverEnvironment(),
      // Its own process group: a terminal's Ctrl-C must reach only us, since we stop the server last.
      detached: true,
      stdio: ['ignore', log.descriptor, log.descriptor],
    }),
  );
  const ended = describeEnd(child);
  const { pid } = child;
  if (pid === undefined) {
    log.close();
    throw new SetupError(`${cli.path} can't be started: ${await ended}`);
  }
  const startedAt = recordProcess(pid)?.startedAt;
  const record = {
    executable: cli.path,
    pid,
    port,
    ...(webUiPort === undefined ? {} : { webUiPort }),
  };
  writeEngineState(home, { database, process: startedAt === undefined ? record : { ...record, startedAt } });
  const forgotten = forgetAfter(ended, home, pid, log);
  return {
    pid,
    ended,
    async close() {
      await stopChild(child, stopDeadlineMs, options.force);
      await forgotten;
    },
  };
}

async function forgetAfter(ended: Promise<string>, home: string, pid: number, log: ServerLog): Promise<void> {
  await ended;
  log.close();
  const last = readEngineState(home);
  if (last?.process?.pid === pid) writeEngineState(home, { ...last, process: null });
}

/**
 * Returns our environment with the server's defaults, without secrets, and without variables that the CLI would read as
 * its own settings.
 */
function serverEnvironment(): Record<string, string | undefined> {
  const entries = Object.entries(childEnvironment());
  const own = Object.fromEntries(entries.filter(([name]) => !/^(TASKBELL|TEMPORAL)_/.test(name)));
  return { ...serverDefaults, ...own };
}

async function describeEnd(child: ChildProcess): Promise<string> {
  try {
    if (!hasEnded(child)) await once(child, 'exit');
  } catch (error) {
    return errorMessage(error);
  }
  return child.signalCode === null
    ? `it exited with code ${child.exitCode}`
    : `it was ended by ${child.signalCode}`;
}
