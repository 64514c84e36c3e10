import { readFile } from 'node:fs/promises';
import { type Client, TaskbellError } from '../src/client/index.ts';
import type { Config } from '../src/config.ts';
import { type Closers, createClosers } from '../src/lib/closers.ts';
import type { Io } from '../src/lib/command.ts';
import { errorMessage } from '../src/lib/error-message.ts';
import { type ProgressDisplay, showProgress } from '../src/processes/progress.ts';
import { catchSignals, type StopSignals } from '../src/processes/signals.ts';
import { type Account, openAccount } from './account.ts';
import { findService } from './probe.ts';
import { report } from './report.ts';
import { paintFor } from './screen.ts';
import { type OwnService, startOwnService } from './service.ts';
import { hasEnded, isAsExpected, type Part, schedule, show } from './show.ts';
import { startTarget, targetFor } from './target.ts';
import { scenesOf } from './tasks.ts';

/** Time within which all tasks have to end, in milliseconds. */
const deadlineMs = 90_000;

export interface DemoOptions {
  readonly io: Io;
  readonly config: Config;
  readonly weatherFile: string;
  readonly url?: string;
  readonly user?: string;
  readonly passwordStdin?: boolean;
  readonly keep?: boolean;
}

/** State of a running demo. */
interface Stage {
  readonly options: DemoOptions;
  readonly signals: StopSignals;
  readonly display: ProgressDisplay;
  readonly closers: Closers;
}

/**
 * Runs the demo: looking for a service → (starting one) → showing → tidying up.
 * @returns the exit code: 0 when all tasks ended as they should, 1 when not, 130 after a signal.
 * @throws {TaskbellError} {ConfigError} when the demo can't run.
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const { stdout, stderr } = options.io;
  const display = showProgress(stderr);
  const signals = catchSignals();
  const closers = createClosers((error) => display.print(`Tidying up: ${errorMessage(error)}`));
  // A closed terminal or pipe must not keep us from stopping what we started.
  for (const stream of [stdout, stderr]) stream.on('error', () => undefined);
  try {
    return await perform({ options, signals, display, closers });
  } catch (error) {
    if (!signals.stop.aborted) throw error;
    return 130;
  } finally {
    display.clear();
    display.report({ waitingFor: 'Tidying up' });
    await closers.close();
    display.clear();
    signals.close();
  }
}

async function perform(stage: Stage): Promise<number> {
  const { options, signals, closers } = stage;
  const { stop } = signals;
  const csv = await readFile(options.weatherFile, 'utf8');
  const running = await findService(options);
  const wished = targetFor(options.config.types.httpAllowHosts);
  const target = await startTarget(running === undefined ? 0 : wished.port);
  closers.add(() => target.close());
  const own = running === undefined ? await startOwn(stage, target.hostAndPort) : undefined;
  const url = running ?? own?.url ?? '';
  const account = await openAccount({ ...options, url, own, stop });
  closers.add(() => account.close());
  const { client } = account;
  const output = options.io.stdout;
  const paint = paintFor(output);
  output.write(
    `\n${paint('Five real tasks', 'bold')} at ${url}, shown live over WebSockets as ${account.username}:\n\n`,
  );

  const parts: Part[] = [];
  closers.add(() => cancelUnended(parts, client));
  await orFailed(schedule({ scenes: scenesOf(csv, target), client, parts, stop }), own);
  await orFailed(show({ client, output, parts, deadlineMs, stop }), own);
  const facts = {
    url,
    target: { wished: wished.hostAndPort, actual: target.hostAndPort },
    withLinks: own === undefined || options.keep === true,
  };
  output.write(`${report(parts, { ...facts, deadlineMs, paint })}\n`);
  if (own !== undefined) await endOfOwn(stage, own, account);
  return parts.every(isAsExpected) ? 0 : 1;
}

async function startOwn({ signals, display, closers }: Stage, allowHost: string): Promise<OwnService> {
  display.report({ waitingFor: 'Starting a service for the demo' });
  const own = await startOwnService({ allowHost, display, ...signals });
  display.clear();
  closers.add(() => own.close());
  return own;
}

/** Cancels the tasks that have not ended when the demo stops: no one else knows about them. */
async function cancelUnended(parts: readonly Part[], client: Client): Promise<void> {
  for (const part of parts) {
    if (part.created === undefined || hasEnded(part)) continue;
    await client.tasks.cancel(part.created.id).catch((error: unknown) => {
      // 409: the task has just ended.
      if (!(error instanceof TaskbellError && error.status === 409)) throw error;
    });
  }
}

async function endOfOwn(
  { options, signals }: Stage,
  own: OwnService,
  { username, password }: Account,
): Promise<void> {
  if (options.keep !== true) {
    options.io.stdout.write(
      'This service was only for the demo and is now removed; `npm run demo -- --keep` keeps it, to look around.\n' +
        '`npm start` starts your own.\n',
    );
    return;
  }
  options.io.stdout.write(
    `\n  Address          ${own.url}\n  Sign in          user ${username}, password ${password}\n` +
      `  Temporal Web UI  ${own.webUiUrl}\n\nCtrl-C stops the service and removes it.\n`,
  );
  await orFailed(waitFor(signals.stop), own);
}

function waitFor(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve();
    else stop.addEventListener('abort', () => resolve());
  });
}

async function orFailed<T>(work: Promise<T>, own: OwnService | undefined): Promise<T> {
  return own === undefined ? work : Promise.race([work, own.failed]);
}
