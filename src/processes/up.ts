import type { Config } from '../config.ts';
import { choosePorts } from '../engine/ports.ts';
import { createClosers } from '../lib/closers.ts';
import { explain } from '../lib/command.ts';
import { unlessAborted } from '../lib/wait.ts';
import { isSetupError } from './fixable-errors.ts';
import { lockHome } from './home-lock.ts';
import { checkHomeMode, makeHome, resolveJwtSecret } from './home.ts';
import { showProgress } from './progress.ts';
import { errorMessage } from '../lib/error-message.ts';
import { makeSignInLink } from './sign-in-link.ts';
import { catchSignals } from './signals.ts';
import { announceRestart, type Running, superviseRole, type UpOptions } from './up-roles.ts';
import { type FirstUser, summary } from './up-summary.ts';
import {
  type TemporalForUp,
  type TemporalOptions,
  superviseEmbedded,
  useEmbedded,
  useExternal,
} from './up-temporal.ts';

/**
 * Runs `taskbell up`: Temporal, the worker and the API, until a signal or an error that restarting won't fix.
 * starting → serving → stopping (API, worker, Temporal) → ended.
 * @returns the exit code: 0 after a signal, 1 after an error (printed on stderr), 130 when a second signal
 * forced it.
 */
export async function up(config: Config, options: UpOptions): Promise<number> {
  const display = showProgress(process.stderr);
  const signals = catchSignals();
  // A closed terminal or pipe must not keep us from stopping what we started.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => (fail = reject));
  // Prevents an unhandled rejection while nothing awaits it, as when stopping. Code that awaits it gets the error.
  failed.catch(() => undefined);
  const print = (error: unknown): void => display.print(explain(error, isSetupError));
  const closers = createClosers(print);
  const running: Running = { config, options, display, signals, closers, failed, fail };
  let code = 0;
  try {
    await serve(running);
  } catch (error) {
    if (!signals.stop.aborted) {
      code = 1;
      print(error);
    }
  }
  // Only if there is more to close than the lock of the home folder.
  if (closers.size > 1) display.report({ waitingFor: 'Stopping (press Ctrl-C again to kill)' });
  await closers.close();
  display.clear();
  signals.close();
  return signals.force.aborted ? 130 : code;
}

/** Starts everything and then waits. Never returns: throws the signal's reason, or the error. */
async function serve(running: Running): Promise<never> {
  const { config, options, display, signals, closers, failed } = running;
  await makeHome(config.home);
  const warning = checkHomeMode(config.home);
  if (warning !== undefined) display.print(warning);
  const lock = await lockHome(config.home);
  closers.add(() => lock.release());
  const ports = await chooseOwnPorts(config);
  const { port } = ports;
  const firstUser = (await options.firstUser?.()) ?? null;
  const temporal = await provideTemporal(running);
  display.report({ waitingFor: 'Starting the worker and the API' });
  const environment = { ...temporal.environment, TASKBELL_WEB_UI_URL: temporal.webUiUrl };
  const secret = await resolveJwtSecret(config);
  const worker = superviseRole(running, 'worker', {
    ...environment,
    TASKBELL_METRICS_PORT: ports.metrics && String(ports.metrics.worker),
  });
  const api = superviseRole(running, 'api', {
    ...environment,
    // Fixed here, so that the API keeps its ports across restarts.
    PORT: String(port),
    TASKBELL_WS_PORT: ports.webSocket === undefined ? undefined : String(ports.webSocket),
    TASKBELL_METRICS_PORT: ports.metrics && String(ports.metrics.api),
    TASKBELL_METRICS_TOKEN: config.metrics.token,
    TASKBELL_JWT_SECRET: secret,
  });
  const ready = Promise.all([api.firstLife, worker.firstLife]);
  const [{ url = `http://${config.host}:${port}`, metricsUrl }, workerLife] = await unlessAborted(
    Promise.race([ready, failed]),
    signals.stop,
  );
  await lock.announce(url).catch((error: unknown) => {
    // Only `users link` reads it.
    display.print(`The address could not be recorded for \`taskbell users link\`: ${errorMessage(error)}`);
  });
  display.clear();
  const issuer = config.identityProvider?.issuer;
  const { webUiUrl, retentionDays } = temporal;
  // Made now rather than with the account: the link works for 15 minutes, and a first start can take minutes.
  const link = await firstLink(config, firstUser, secret, url);
  const metrics = { api: metricsUrl, worker: workerLife.metricsUrl };
  const facts = {
    url,
    webUiUrl,
    metrics,
    retentionDays,
    firstUser: firstUser && { ...firstUser, link },
    issuer,
  };
  process.stdout.write(`${summary(facts)}\n`);
  return unlessAborted(failed, signals.stop);
}

/** The ports of the API and the worker. They keep them across restarts. */
interface OwnPorts {
  readonly port: number;
  readonly webSocket: number | undefined;
  readonly metrics: { readonly api: number; readonly worker: number } | undefined;
}

/** @throws {SetupError} naming the variable of a port that can't be used. */
async function chooseOwnPorts({ host, port, webSocketPort, metrics }: Config): Promise<OwnPorts> {
  const wishes = [{ port, variable: 'PORT' }];
  if (webSocketPort !== undefined) wishes.push({ port: webSocketPort, variable: 'TASKBELL_WS_PORT' });
  if (metrics.port !== undefined) {
    const next = metrics.port === 0 ? 0 : metrics.port + 1;
    for (const wish of [metrics.port, next]) wishes.push({ port: wish, variable: 'TASKBELL_METRICS_PORT' });
  }
  const [main = port, ...others] = await choosePorts(host, wishes);
  const webSocket = webSocketPort === undefined ? undefined : others.shift();
  const [api, worker] = others;
  const isMeasured = api !== undefined && worker !== undefined;
  return { port: main, webSocket, metrics: isMeasured ? { api, worker } : undefined };
}

async function provideTemporal(running: Running): Promise<TemporalForUp> {
  const { config, display, signals, closers, failed, fail } = running;
  const { report } = display;
  const onRestart = announceRestart(display, 'Temporal server');
  const onServingAgain = (): void => display.clear();
  const options: TemporalOptions = {
    config,
    report,
    ...signals,
    onFatal: fail,
    onRestart,
    onServingAgain,
  };
  const { external } = config.temporal;
  if (external !== undefined) return useExternal(options, external.connectionOptions);
  const supervisor = superviseEmbedded(options);
  closers.add(() => supervisor.close());
  const server = await unlessAborted(Promise.race([supervisor.firstLife, failed]), signals.stop);
  return useEmbedded(options, server);
}

async function firstLink(
  { home, identityProvider }: Config,
  firstUser: Pick<FirstUser, 'name'> | null,
  secret: string | undefined,
  url: string,
): Promise<string | undefined> {
  if (firstUser === null || identityProvider || secret === undefined) return undefined;
  return makeSignInLink({ home, secret, name: firstUser.name, url });
}
