import { type Config, childEnvironment } from '../config.ts';
import { SetupError } from '../lib/setup-error.ts';
import type { Closers } from '../lib/closers.ts';
import { errorMessage } from '../lib/error-message.ts';
import type { ProgressDisplay } from './progress.ts';
import { type ProcessRole, RoleFatalError, type RoleProcess, startRole } from './role.ts';
import type { StopSignals } from './signals.ts';
import { type Backoff, type Supervisor, supervise } from './supervisor.ts';
import type { FirstUser } from './up-summary.ts';

/** Time beyond the worker's own grace period, in milliseconds, to hand back the attempts it didn't finish. */
const workerMarginMs = 15_000;
/** Time that the API has to stop, in milliseconds. */
const apiStopMs = 15_000;

export interface UpOptions {
  /** The script to fork, once with `worker` and once with `api` as its argument. */
  readonly entry: string;
  /** Creates the first account if there is none yet; otherwise returns null. */
  readonly firstUser?: () => Promise<Omit<FirstUser, 'link'> | null>;
  readonly backoff?: Backoff;
}

/** State of a running `up`. */
export interface Running {
  readonly config: Config;
  readonly options: UpOptions;
  readonly display: ProgressDisplay;
  readonly signals: StopSignals;
  readonly closers: Closers;
  /** Rejects when one of the processes can't be kept running. */
  readonly failed: Promise<never>;
  readonly fail: (error: unknown) => void;
}

/** Starts a role under supervision, and registers it to be closed by `up`. */
export function superviseRole(
  { config, options, display, signals, closers, fail }: Running,
  name: ProcessRole,
  environment: Readonly<Record<string, string | undefined>>,
): Supervisor<RoleProcess> {
  const role = {
    name,
    entry: options.entry,
    // Only the API gets the secrets, wherever they came from.
    environment: childEnvironment({
      TASKBELL_JWT_SECRET: undefined,
      TASKBELL_JWT_SECRET_FILE: undefined,
      TASKBELL_METRICS_TOKEN: undefined,
      TASKBELL_METRICS_TOKEN_FILE: undefined,
      ...environment,
    }),
    stopMs: name === 'worker' ? config.worker.shutdownGraceMs + workerMarginMs : apiStopMs,
    force: signals.force,
  };
  let hasServed = false;
  const supervisor = supervise({
    async start(signal) {
      const life = await startRole(role, signal);
      hasServed = true;
      return life;
    },
    // Once it has served, its configuration was right: a file that it needs was broken since, and may be repaired.
    isFatal: (error) => error instanceof RoleFatalError && !hasServed,
    onFatal: (error) => fail(new SetupError(`${name}: ${errorMessage(error)}`, { cause: error })),
    onRestart: announceRestart(display, name),
    ...(options.backoff === undefined ? {} : { backoff: options.backoff }),
  });
  closers.add(() => supervisor.close());
  return supervisor;
}

/** Returns a function that prints that a process has ended and when it restarts. */
export function announceRestart(display: ProgressDisplay, name: string) {
  return (reason: string, delayMs: number): void => {
    display.print(`The ${name} ended (${reason}); restarting it in ${delayMs / 1000} s.`);
  };
}
