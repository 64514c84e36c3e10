import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '../../config.ts';
import { choosePorts } from '../../engine/ports.ts';
import { hasEnded } from '../../engine/processes.ts';
import type { ProgressDisplay } from '../progress.ts';
import { DemoError } from './errors.ts';
import { probe } from './probe.ts';

const host = '127.0.0.1';
const pollMs = 200;
/** Longer than `up` gives whatever it has started. */
const stopMs = 60_000;
const keptLines = 20;

/** A service of the demo's own: starting → serving → ended, by `close()` or by itself. */
export interface OwnService {
  readonly url: string;
  /** Its TASKBELL_HOME, a temporary folder. */
  readonly home: string;
  readonly webUiUrl: string;
  /** Rejects when the service ends though nobody asked it to. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
}

interface OwnServiceOptions {
  /** `host:port` of the demo's target. */
  readonly allowHost: string;
  readonly display: ProgressDisplay;
  readonly stop: AbortSignal;
  /** Makes its end a quick one. */
  readonly force: AbortSignal;
}

/** @throws {DemoError} with the service's own words when it can't be started. */
export async function startOwnService(options: OwnServiceOptions): Promise<OwnService> {
  const { display, stop, force } = options;
  const home = await mkdtemp(join(tmpdir(), 'taskbell-demo-'));
  const [port = 0, webUiPort = 0] = await choosePorts(host, [
    { port: 0, variable: 'PORT' },
    { port: 0, variable: 'TASKBELL_TEMPORAL_UI_PORT' },
  ]);
  const child = fork(fileURLToPath(new URL('./own-service.js', import.meta.url)), [], {
    env: ownEnvironment({ home, port, webUiPort, allowHost: options.allowHost }),
    // A group of its own: a terminal's Ctrl-C is for us alone, who end it after what depends on it.
    detached: true,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const url = `http://${host}:${port}`;
  const failed = failure(child, display);
  const close = (): Promise<void> => end(child, force);
  try {
    await Promise.race([waitUntilReady(url, stop), failed]);
  } catch (error) {
    await close();
    throw error;
  }
  return { url, home, webUiUrl: `http://${host}:${webUiPort}`, failed, close };
}

/** What the user has set up for a service of their own (another Temporal, secrets, limits) is left out of it. */
function ownEnvironment(own: { home: string; port: number; webUiPort: number; allowHost: string }) {
  const inherited = Object.entries(childEnvironment()).filter(
    ([name]) => !/^(TASKBELL|TEMPORAL)_/.test(name) || name === 'TEMPORAL_CLI',
  );
  return {
    ...Object.fromEntries(inherited),
    HOST: host,
    PORT: String(own.port),
    TASKBELL_HOME: own.home,
    TASKBELL_TEMPORAL_PORT: '0',
    TASKBELL_TEMPORAL_UI_PORT: String(own.webUiPort),
    TASKBELL_HTTP_ALLOW_HOSTS: own.allowHost,
    TASKBELL_SHUTDOWN_GRACE: '2',
    TASKBELL_LOG_LEVEL: 'warn',
  };
}

async function waitUntilReady(url: string, stop: AbortSignal): Promise<void> {
  for (;;) {
    stop.throwIfAborted();
    const state = await probe(url);
    if (state.kind === 'up' && state.workers > 0) return;
    await sleep(pollMs);
  }
}

/** Shows what it is busy with, and keeps its last lines in case that it fails. Never resolves. */
function failure(child: ChildProcess, display: ProgressDisplay): Promise<never> {
  const lines: string[] = [];
  if (child.stderr) {
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.splice(0, lines.length - keptLines + 1, ...lines.slice(1 - keptLines), line);
      // Log lines are JSON; the others are for people.
      if (!line.startsWith('{'))
        display.report({ waitingFor: 'Starting a service for the demo', detail: line });
    });
  }
  const failed = once(child, 'close').then(() => {
    const how = child.signalCode ?? `exit code ${child.exitCode}`;
    throw new DemoError([`The demo's service ended (${how}):`, ...lines].join('\n'));
  });
  // Whoever waits for it hears of it; nobody may be waiting while it stops.
  failed.catch(() => undefined);
  return failed;
}

async function end(child: ChildProcess, force: AbortSignal): Promise<void> {
  if (hasEnded(child)) return;
  const closed = once(child, 'close');
  // Its second signal makes it kill what it has started; killed itself, it would leave that behind.
  const hurry = (): void => void child.kill('SIGTERM');
  force.addEventListener('abort', hurry);
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
  child.kill('SIGTERM');
  await closed;
  clearTimeout(timer);
  force.removeEventListener('abort', hurry);
}
