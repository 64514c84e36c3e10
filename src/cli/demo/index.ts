import { readFile } from 'node:fs/promises';
import type { Config } from '../../config.ts';
import { type ProgressDisplay, showProgress } from '../../processes/progress.ts';
import { catchSignals, type StopSignals } from '../../processes/signals.ts';
import { type Account, openAccount } from './account.ts';
import { type DemoClient, createClient, Refusal } from './client.ts';
import { findService } from './probe.ts';
import { report } from './report.ts';
import { paintFor } from './screen.ts';
import { type OwnService, startOwnService } from './service.ts';
import { hasEnded, isAsExpected, type Part, schedule, show } from './show.ts';
import { startTarget, targetFor } from './target.ts';
import { scenesOf } from './tasks.ts';
import { errorMessage } from '../../lib/error-message.ts';

const deadlineMs = 90_000;

export interface DemoOptions {
  readonly config: Config;
  readonly weatherFile: string;
  readonly url?: string;
  readonly user?: string;
  readonly passwordStdin?: boolean;
  readonly keep?: boolean;
}

/** State of a running demo. Closers are in the order of starting, and run in reverse. */
interface Stage {
  readonly options: DemoOptions;
  readonly signals: StopSignals;
  readonly display: ProgressDisplay;
  readonly closers: (() => Promise<void>)[];
}

/**
 * Runs the demo: looking for a service → (starting one) → showing → tidying up.
 * @returns the exit code: 0 when all tasks ended as they should, 1 when not, 130 after a signal.
 * @throws {DemoError} when the demo can't run.
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const display = showProgress(process.stderr);
  const signals = catchSignals();
  const closers: (() => Promise<void>)[] = [];
  // A closed terminal or pipe must not keep us from stopping what we started.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  try {
    return await perform({ options, signals, display, closers });
  } catch (error) {
    if (!signals.stop.aborted) throw error;
    return 130;
  } finally {
    display.clear();
    display.report({ waitingFor: 'Tidying up' });
    for (const close of closers.reverse()) {
      // An error in one must not keep the others running.
      await close().catch((error: unknown) => display.print(`Tidying up: ${errorMessage(error)}`));
    }
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
  closers.push(() => target.close());
  const own = running === undefined ? await startOwn(stage, target.hostAndPort) : undefined;
  const url = running ?? own?.url ?? '';
  const account = await openAccount({ ...options, url, own, stop });
  closers.push(() => account.close());
  const client = createClient(url, account.token);
  const output = process.stdout;
  const paint = paintFor(output);
  output.write(
    `\n${paint('Five real tasks', 'bold')} at ${url}, shown live over WebSockets as ${account.username}:\n\n`,
  );

  const parts: Part[] = [];
  closers.push(() => cancelUnended(parts, client));
  await orFailed(schedule({ scenes: scenesOf(csv, target), client, parts, stop }), own);
  await orFailed(show({ url, token: account.token, client, output, parts, deadlineMs, stop }), own);
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
  closers.push(() => own.close());
  return own;
}

/** Cancels the tasks that the demo leaves before their end: no one else knows about them. */
async function cancelUnended(parts: readonly Part[], client: DemoClient): Promise<void> {
  for (const part of parts) {
    if (part.created === undefined || hasEnded(part)) continue;
    await client.cancel(part.created.id).catch((error: unknown) => {
      // 409: the task has just ended.
      if (!(error instanceof Refusal && error.status === 409)) throw error;
    });
  }
}

async function endOfOwn(
  { options, signals }: Stage,
  own: OwnService,
  { username, password }: Account,
): Promise<void> {
  if (options.keep !== true) {
    process.stdout.write(
      'This service was only for the demo and is now removed; `npm run demo -- --keep` keeps it, to look around.\n' +
        '`npm start` starts your own.\n',
    );
    return;
  }
  process.stdout.write(
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
