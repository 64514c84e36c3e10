import { fileURLToPath } from 'node:url';
import { type Config, ConfigError, childEnvironment } from '../config.ts';
import { EngineError } from '../temporal/engine-error.ts';
import { choosePorts } from '../engine/ports.ts';
import { lockHome } from './home-lock.ts';
import { resolveJwtSecret, makeHome } from './home.ts';
import { type ProgressDisplay, showProgress } from './progress.ts';
import { RoleFatalError, type RoleProcess, startRole } from './role.ts';
import { makeSignInLink } from './sign-in-link.ts';
import { type StopSignals, catchSignals } from './signals.ts';
import { unlessAborted } from '../lib/wait.ts';
import { type Backoff, type Supervisor, supervise } from './supervisor.ts';
import { type FirstUser, summary } from './up-summary.ts';
import {
  type TemporalForUp,
  type TemporalOptions,
  superviseEmbedded,
  useEmbedded,
  useExternal,
} from './up-temporal.ts';
import { errorMessage } from '../lib/error-message.ts';

/** Time beyond the worker's own grace period, in milliseconds, to hand back the attempts it didn't finish. */
const workerMarginMs = 15_000;
const apiStopMs = 15_000;

export interface UpOptions {
  /** Creates the first account if there is none yet; otherwise returns null. */
  readonly firstUser?: () => Promise<Omit<FirstUser, 'link'> | null>;
  /** The script to fork, once with `worker` and once with `api` as its argument. */
  readonly entry?: string;
  readonly backoff?: Backoff;
}

/** State of a running `up`. Closers are in the order of starting, and run in reverse. */
interface Running {
  readonly config: Config;
  readonly options: UpOptions;
  readonly display: ProgressDisplay;
  readonly signals: StopSignals;
  readonly closers: (() => Promise<void>)[];
  /** Rejects when one of the processes can't be kept running. */
  readonly failed: Promise<never>;
  readonly fail: (error: unknown) => void;
}

/**
 * Runs `taskbell up`: Temporal, the worker and the API, until a signal or an error that restarting won't fix.
 * starting → serving → stopping (API, worker, Temporal) → ended.
 * @returns the exit code: 0 after a signal, 1 after an error (printed on stderr), 130 when a second signal
 * forced it.
 */
export async function up(config: Config, options: UpOptions = {}): Promise<number> {
  const display = showProgress(process.stderr);
  const signals = catchSignals();
  // A closed terminal or pipe must not keep us from stopping what we started.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => (fail = reject));
  // Prevents an unhandled rejection while nothing awaits it, as when stopping. Code that awaits it gets the error.
  failed.catch(() => undefined);
  const running: Running = { config, options, display, signals, closers: [], failed, fail };
  let code = 0;
  try {
    await serve(running);
  } catch (error) {
    if (!signals.stop.aborted) {
      code = 1;
      display.print(explain(error));
    }
  }
  if (running.closers.length > 1) display.report({ waitingFor: 'Stopping (Ctrl-C again kills)' });
  for (const close of running.closers.reverse()) {
    // An error in one must not keep the others running.
    await close().catch((error: unknown) => display.print(explain(error)));
  }
  display.clear();
  signals.close();
  return signals.force.aborted ? 130 : code;
}

/** Starts everything and then waits. Never returns: throws the signal's reason, or the error. */
async function serve(running: Running): Promise<never> {
  const { config, options, display, signals, closers, failed } = running;
  await makeHome(config.home);
  const lock = await lockHome(config.home);
  closers.push(() => lock.release());
  const [port = config.port, webSocketPort] = await choosePorts(config.host, apiPorts(config));
  const firstUser = (await options.firstUser?.()) ?? null;
  const temporal = await provideTemporal(running);
  display.report({ waitingFor: 'Starting the worker and the API' });
  const environment = { ...temporal.environment, TASKBELL_WEB_UI_URL: temporal.webUiUrl };
  const secret = await resolveJwtSecret(config);
  const worker = superviseRole(running, 'worker', environment);
  const api = superviseRole(running, 'api', {
    ...environment,
    // Fixed here, so that the API keeps its ports across restarts.
    PORT: String(port),
    TASKBELL_WS_PORT: webSocketPort === undefined ? undefined : String(webSocketPort),
    TASKBELL_JWT_SECRET: secret,
  });
  const ready = Promise.all([api.firstLife, worker.firstLife]);
  const [{ url = `http://${config.host}:${port}` }] = await unlessAborted(
    Promise.race([ready, failed]),
    signals.stop,
  );
  display.clear();
  const issuer = config.identityProvider?.issuer;
  const { webUiUrl, retentionDays } = temporal;
  // Made now and not with the account: the link works for 15 minutes, and a first start can take minutes.
  const link = await firstLink(config, firstUser, secret, url);
  const facts = { url, webUiUrl, retentionDays, firstUser: firstUser && { ...firstUser, link }, issuer };
  process.stdout.write(`${summary(facts)}\n`);
  return unlessAborted(failed, signals.stop);
}

function apiPorts({ port, webSocketPort }: Config): { port: number; variable: string }[] {
  const wishes = [{ port, variable: 'PORT' }];
  if (webSocketPort !== undefined) wishes.push({ port: webSocketPort, variable: 'TASKBELL_WS_PORT' });
  return wishes;
}

async function provideTemporal(running: Running): Promise<TemporalForUp> {
  const { config, display, signals, closers, failed, fail } = running;
  const { report } = display;
  const onRestart = announceRestart(display, 'Temporal server');
  const options: TemporalOptions = { config, report, ...signals, onFatal: fail, onRestart };
  const { external } = config.temporal;
  if (external !== undefined) return useExternal(options, external.connectionOptions);
  const supervisor = superviseEmbedded(options);
  closers.push(() => supervisor.close());
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

function superviseRole(
  { config, options, display, signals, closers, fail }: Running,
  name: 'api' | 'worker',
  environment: Readonly<Record<string, string | undefined>>,
): Supervisor<RoleProcess> {
  const role = {
    name,
    entry: options.entry ?? fileURLToPath(new URL('./main.js', import.meta.url)),
    // Only the API gets the secret, wherever it came from.
    environment: childEnvironment({
      TASKBELL_JWT_SECRET: undefined,
      TASKBELL_JWT_SECRET_FILE: undefined,
      ...environment,
    }),
    stopMs: name === 'worker' ? config.worker.shutdownGraceMs + workerMarginMs : apiStopMs,
    force: signals.force,
  };
  const supervisor = supervise({
    start: (signal) => startRole(role, signal),
    isFatal: (error) => error instanceof RoleFatalError,
    onFatal: (error) => fail(new EngineError(`${name}: ${errorMessage(error)}`, { cause: error })),
    onRestart: announceRestart(display, name),
    ...(options.backoff === undefined ? {} : { backoff: options.backoff }),
  });
  closers.push(() => supervisor.close());
  return supervisor;
}

function announceRestart(display: ProgressDisplay, name: string) {
  return (reason: string, delayMs: number): void => {
    display.print(`The ${name} ended (${reason}); starting it again in ${delayMs / 1000} s.`);
  };
}

/** Returns the message of an error that the user can act on; of any other, which is a defect, the stack trace. */
function explain(error: unknown): string {
  if (error instanceof EngineError || error instanceof ConfigError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
