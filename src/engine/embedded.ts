import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, databaseFiles, prepareDatabase, stopOrphan } from './database.ts';
import { watchDatabase } from './database-watch.ts';
import { type HiddenPlace, chooseHiddenPlace, randomLoopback } from './hidden-ports.ts';
import type { ReportProgress } from '../lib/progress.ts';
import { SetupError } from '../lib/setup-error.ts';
import { holdPort, listenError } from './ports.ts';
import { makePrivate } from './private-files.ts';
import { killGroup } from './processes.ts';
import { waitUntilServing } from './readiness.ts';
import { type ServerLog, openServerLog } from './server-log.ts';
import { type ServerProcess, launchServer } from './server-process.ts';
import { readEngineState, writeEngineState } from './state.ts';
import type { TemporalCli } from './version.ts';
import { type WebUiProxy, startWebUiProxy } from './web-ui-proxy.ts';
import { errorMessage } from '../lib/error-message.ts';

const host = '127.0.0.1';
const startDeadlineMs = 60_000;
const quotedLines = 5;
/** Maximum number of starts, if other processes take the ports that were chosen for the server. */
const maxStarts = 5;

export interface EmbeddedOptions {
  readonly home: string;
  readonly cli: TemporalCli;
  /** 0 for any free port. */
  readonly port: number;
  /** 0 for any free port; undefined for no Web UI. */
  readonly webUiPort: number | undefined;
  readonly namespace: string;
  readonly report?: ReportProgress;
  /** Cancels the start. */
  readonly signal?: AbortSignal | undefined;
  /** Makes close() kill the server immediately. */
  readonly force?: AbortSignal | undefined;
  /** Called when the database's files are deleted or replaced; the server has been killed by then. */
  readonly onDatabaseLost?: (error: SetupError) => void;
}

/** Our own Temporal server: starting → serving → ended, by close() or by itself. Closed by the code that started it. */
export interface EmbeddedServer {
  readonly address: string;
  /** Address of the Web UI, behind its proxy. */
  readonly webUiUrl: string | undefined;
  readonly port: number;
  readonly webUiPort: number | undefined;
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
 * @throws {SetupError} if a port is in use, the database is missing or of another version, or the server doesn't start
 * (with its own reason and its last log lines).
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { home, cli, report } = options;
  await mkdir(join(home, 'logs'), { recursive: true, mode: 0o700 });
  await stopOrphan(home, report);
  const database = await prepareDatabase(home, cli);
  makePrivate(databaseFiles(home));
  // Listens before there is a server: another process could take a port that was only chosen.
  let webUi: HiddenPlace | undefined;
  const { port, proxy } = await takePorts(options, () => webUi);
  const webUiPort = proxy?.port;
  const started = await startServer(options, { port, webUiPort, database }).catch(async (error: unknown) => {
    await proxy?.close();
    throw error;
  });
  const { server, log } = started;
  webUi = started.webUi;
  markComplete(home);
  const watch = watchDatabase(home, (error) => {
    // At once: whatever it acknowledges from now on is lost.
    killGroup(server.pid);
    options.onDatabaseLost?.(error);
  });
  const ended = closeAfter(server.ended, [watch, ...(proxy === undefined ? [] : [proxy])]);
  return {
    pid: server.pid,
    address: `${host}:${port}`,
    webUiUrl: webUiPort === undefined ? undefined : `http://${host}:${webUiPort}`,
    port,
    webUiPort,
    logPath: log.path,
    ended,
    async close() {
      // An orderly stop may delete files of the database.
      watch.close();
      await server.close();
      await ended;
    },
  };
}

/** Chooses the server's port, and starts the proxy of its Web UI. */
async function takePorts(
  options: EmbeddedOptions,
  target: () => HiddenPlace | undefined,
): Promise<{ port: number; proxy: WebUiProxy | undefined }> {
  const { port: wish, webUiPort: port } = options;
  const held = await holdPort(host, wish, 'TASKBELL_TEMPORAL_PORT');
  try {
    if (port === undefined) return { port: held.port, proxy: undefined };
    return { port: held.port, proxy: await startWebUiProxy({ host, port, target }) };
  } catch (error) {
    throw listenError(error, { host, port: port ?? 0, variable: 'TASKBELL_TEMPORAL_UI_PORT' });
  } finally {
    await held.release();
  }
}

interface ServerFacts {
  readonly port: number;
  readonly webUiPort: number | undefined;
  readonly database: Database;
}

/**
 * Starts the server with its Web UI and its metrics where browsers can't reach them. There are few such ports, so
 * another process may take one before the server does: then it is started on others.
 */
async function startServer(options: EmbeddedOptions, facts: ServerFacts) {
  const { home, cli, namespace, signal, force } = options;
  for (let start = 1; ; start += 1) {
    signal?.throwIfAborted();
    options.report?.({ waitingFor: 'Starting the Temporal server' });
    const webUi = facts.webUiPort === undefined ? undefined : await chooseHiddenPlace(await randomLoopback());
    const { port: metricsPort } = await chooseHiddenPlace(host);
    const log = openServerLog(join(home, 'logs', 'temporal.log'));
    const places = { host, ...facts, webUi, metricsPort };
    const server = await launchServer({ home, cli, ...places, namespace, log, force });
    try {
      await untilServing(server, facts.port, signal);
      return { server, webUi, log };
    } catch (error) {
      await server.close();
      signal?.throwIfAborted();
      const isPortTaken = log.tail(quotedLines).some((line) => line.includes('address already in use'));
      if (!isPortTaken || start === maxStarts) throw startFailure(error, log);
    }
  }
}

async function untilServing(
  { ended }: ServerProcess,
  port: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const signals = [AbortSignal.timeout(startDeadlineMs), ...(signal === undefined ? [] : [signal])];
  await waitUntilServing(`${host}:${port}`, AbortSignal.any(signals), ended);
}

async function closeAfter(
  ended: Promise<string>,
  parts: readonly { close(): Promise<void> | void }[],
): Promise<string> {
  const how = await ended;
  for (const part of parts) await part.close();
  return how;
}

function markComplete(home: string): void {
  const state = readEngineState(home);
  if (state === undefined || state.database.complete) return;
  writeEngineState(home, { ...state, database: { ...state.database, complete: true } });
}

function startFailure(error: unknown, log: ServerLog): SetupError {
  const lines = log.tail(quotedLines);
  const quoted =
    lines.length === 0
      ? []
      : [`The last lines of its log (${log.path}):`, ...lines.map((line) => `  ${line}`)];
  const message = [`The Temporal server did not start: ${errorMessage(error)}.`, ...quoted].join('\n');
  return new SetupError(message, { cause: error });
}
