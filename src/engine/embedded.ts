import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareDatabase, stopOrphan } from './database.ts';
import type { ReportProgress } from '../lib/progress.ts';
import { SetupError } from '../lib/setup-error.ts';
import { choosePorts } from './ports.ts';
import { waitUntilServing } from './readiness.ts';
import { openServerLog } from './server-log.ts';
import { launchServer } from './server-process.ts';
import { readEngineState, writeEngineState } from './state.ts';
import type { TemporalCli } from './version.ts';
import { errorMessage } from '../lib/error-message.ts';

const host = '127.0.0.1';
const startDeadlineMs = 60_000;
const quotedLines = 5;

export interface EmbeddedOptions {
  readonly home: string;
  readonly cli: TemporalCli;
  /** 0 for any free port. */
  readonly port: number;
  readonly webUiPort: number;
  readonly namespace: string;
  readonly report?: ReportProgress;
  /** Cancels the start. */
  readonly signal?: AbortSignal | undefined;
  /** Makes close() kill the server immediately. */
  readonly force?: AbortSignal | undefined;
}

/** Our own Temporal server: starting → serving → ended, by close() or by itself. Closed by the code that started it. */
export interface EmbeddedServer {
  readonly address: string;
  readonly webUiUrl: string;
  readonly port: number;
  readonly webUiPort: number;
  readonly pid: number;
  readonly logPath: string;
  /** Resolves when the process has ended, with a sentence that says how. */
  readonly ended: Promise<string>;
  /** Sends SIGTERM, and SIGKILL after 10 s; resolves when the process has ended. */
  close(): Promise<void>;
}

/**
 * Starts the server on HOME's database file, after stopping one that a killed parent left behind there. The caller
 * holds the lock of HOME.
 * @throws {SetupError} if a port is in use, the database is of another version, or the server doesn't start
 * (with its own reason and its last log lines).
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { home, cli, namespace, report, signal, force } = options;
  await mkdir(join(home, 'logs'), { recursive: true, mode: 0o700 });
  await stopOrphan(home, report);
  const database = await prepareDatabase(home, cli);
  const [port = 0, webUiPort = 0] = await choosePorts(host, [
    { port: options.port, variable: 'TASKBELL_TEMPORAL_PORT' },
    { port: options.webUiPort, variable: 'TASKBELL_TEMPORAL_UI_PORT' },
  ]);
  signal?.throwIfAborted();
  report?.({ waitingFor: 'Starting the Temporal server' });
  const log = openServerLog(join(home, 'logs', 'temporal.log'));
  const ports = { host, port, webUiPort };
  const server = await launchServer({ home, cli, ...ports, namespace, database, log, force });
  const address = `${host}:${port}`;
  try {
    const signals = [AbortSignal.timeout(startDeadlineMs), ...(signal === undefined ? [] : [signal])];
    await waitUntilServing(address, AbortSignal.any(signals), server.ended);
  } catch (error) {
    await server.close();
    signal?.throwIfAborted();
    throw startFailure(error, log.path, log.tail(quotedLines));
  }
  markComplete(home);
  return { ...server, address, webUiUrl: `http://${host}:${webUiPort}`, port, webUiPort, logPath: log.path };
}

function markComplete(home: string): void {
  const state = readEngineState(home);
  if (state === undefined || state.database.complete) return;
  writeEngineState(home, { ...state, database: { ...state.database, complete: true } });
}

function startFailure(error: unknown, logPath: string, lines: readonly string[]): SetupError {
  const quoted =
    lines.length === 0
      ? []
      : [`The last lines of its log (${logPath}):`, ...lines.map((line) => `  ${line}`)];
  const message = [`The Temporal server did not start: ${errorMessage(error)}.`, ...quoted].join('\n');
  return new SetupError(message, { cause: error });
}
