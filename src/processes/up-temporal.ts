import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { connectTemporal } from '../temporal/connect.ts';
import { databaseVersion } from '../engine/database.ts';
import { type EmbeddedServer, startEmbedded } from '../engine/embedded.ts';
import type { ReportProgress } from '../lib/progress.ts';
import type { SetupError } from '../lib/setup-error.ts';
import { locateTemporal } from '../engine/locate.ts';
import { ensureNamespace } from '../temporal/namespace.ts';
import { unlessAborted } from '../lib/wait.ts';
import { type Supervisor, supervise } from './supervisor.ts';

export interface TemporalOptions {
  readonly config: Config;
  readonly report: ReportProgress;
  readonly stop: AbortSignal;
  readonly force: AbortSignal;
  readonly onFatal: (error: unknown) => void;
  readonly onRestart: (reason: string, delayMs: number) => void;
  /** Called when our own server serves again after a restart: it has reported progress. */
  readonly onServingAgain: () => void;
}

/** The Temporal server that the roles use. */
export interface TemporalForUp {
  readonly webUiUrl: string | undefined;
  /** Variables that the roles need to reach the server. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly retentionDays: number;
}

/** Uses an external server, which is checked but never changed. */
export async function useExternal(
  { config, report, stop }: TemporalOptions,
  connectionOptions: Parameters<typeof connectTemporal>[0],
): Promise<TemporalForUp> {
  report({ waitingFor: `Connecting to Temporal at ${connectionOptions.address ?? 'localhost:7233'}` });
  const connection = await unlessAborted(connectTemporal(connectionOptions), stop);
  try {
    const { namespace } = config.temporal;
    const facts = await unlessAborted(
      ensureNamespace(connection, { namespace, create: false, report }),
      stop,
    );
    return { webUiUrl: config.webUiUrl, environment: {}, retentionDays: facts.retentionDays };
  } finally {
    await connection.close();
  }
}

/** Starts our own server under supervision. Once it has served, it keeps its ports across restarts. */
export function superviseEmbedded(options: TemporalOptions): Supervisor<EmbeddedServer> {
  const { config, report, force, onFatal, onRestart, onServingAgain } = options;
  const { home } = config;
  let ports: Pick<EmbeddedServer, 'port' | 'webUiPort'> | undefined;
  let lost: SetupError | undefined;
  const onDatabaseLost = (error: SetupError): void => {
    lost = error;
    onFatal(error);
  };
  return supervise({
    onRestart,
    onServingAgain,
    onFatal,
    isFatal: () => ports === undefined || lost !== undefined,
    async start(signal) {
      if (lost !== undefined) throw lost;
      const cli = await locateTemporal(config.engine, report, {
        databaseVersion: databaseVersion(home),
        signal,
      });
      const { namespace } = config.temporal;
      const wished = ports ?? config.engine;
      const { port, webUiPort } = wished;
      const places = { home, cli, port, webUiPort, namespace };
      // Its restart has been printed, and takes a second.
      const first = ports === undefined ? { report } : {};
      const server = await startEmbedded({ ...places, ...first, signal, force, onDatabaseLost });
      ports = server;
      return server;
    },
  });
}

/** Prepares our own server, and returns what the roles need to reach it. */
export async function useEmbedded(
  { config, report, stop }: TemporalOptions,
  server: EmbeddedServer,
): Promise<TemporalForUp> {
  const { address } = server;
  const { namespace } = config.temporal;
  const connection = await connectTemporal({ address });
  try {
    const facts = await ensureNamespace(connection, { namespace, create: true, report, signal: stop });
    const webUiUrl = config.webUiUrl ?? server.webUiUrl;
    const profile = await writeProfile(config.home, address, namespace);
    return {
      webUiUrl,
      environment: ownServer(address, namespace, profile),
      retentionDays: facts.retentionDays,
    };
  } finally {
    await connection.close();
  }
}

/**
 * Writes a Temporal profile for the roles. It is also handy on the command line:
 * `TEMPORAL_CONFIG_FILE=.taskbell/temporal.toml temporal workflow list`.
 */
async function writeProfile(home: string, address: string, namespace: string): Promise<string> {
  const path = join(home, 'temporal.toml');
  const lines = [
    '[profile.default]',
    `address = "${address}"`,
    `namespace = ${JSON.stringify(namespace)}`,
    '',
  ];
  await writeFile(path, lines.join('\n'), { mode: 0o600 });
  return path;
}

/**
 * Returns the environment for our own server. Without our own profile, the user's default one (its TLS, its
 * API key) would apply to our server too.
 */
function ownServer(address: string, namespace: string, profile: string): Record<string, string | undefined> {
  return {
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    TEMPORAL_CONFIG_FILE: profile,
    TEMPORAL_PROFILE: undefined,
    TEMPORAL_API_KEY: undefined,
    TEMPORAL_TLS: undefined,
    TEMPORAL_TLS_CLIENT_CERT_PATH: undefined,
    TEMPORAL_TLS_CLIENT_CERT_DATA: undefined,
    TEMPORAL_TLS_CLIENT_KEY_PATH: undefined,
    TEMPORAL_TLS_CLIENT_KEY_DATA: undefined,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: undefined,
    TEMPORAL_TLS_SERVER_CA_CERT_DATA: undefined,
    TEMPORAL_TLS_SERVER_NAME: undefined,
    TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: undefined,
  };
}
