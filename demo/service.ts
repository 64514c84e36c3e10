import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { TaskbellError } from '../src/client/index.ts';
import { childEnvironment } from '../src/config.ts';
import { choosePorts } from '../src/engine/ports.ts';
import type { ProgressDisplay } from '../src/processes/progress.ts';
import { probe } from './probe.ts';

const host = '127.0.0.1';
const pollMs = 200;
/** Time before the service is killed, in milliseconds: longer than `up` gives the processes it has started. */
const stopMs = 60_000;
const keptLines = 20;

/** The demo's own service: starting → serving → ended, by `close()` or by itself. */
export interface OwnService {
  readonly url: string;
  /** Its TASKBELL_HOME, a temporary folder. */
  readonly home: string;
  readonly webUiUrl: string;
  /** Rejects when the service ends. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
}

interface OwnServiceOptions {
  /** `host:port` of the demo's target. */
  readonly allowHost: string;
  readonly display: ProgressDisplay;
  readonly stop: AbortSignal;
  /** Makes the service stop at once instead of in an orderly way. */
  readonly force: AbortSignal;
}

/** Starts the demo's own service. @throws {TaskbellError} with the service's output when it can't be started. */
export async function startOwnService(options: OwnServiceOptions): Promise<OwnService> {
  const { display, stop, force } = options;
  const home = await mkdtemp(join(tmpdir(), 'taskbell-demo-'));
  const [port = 0, webUiPort = 0] = await choosePorts(host, [
    { port: 0, variable: 'PORT' },
    { port: 0, variable: 'TASKBELL_TEMPORAL_UI_PORT' },
  ]);
  const child = fork(fileURLToPath(new URL('./own-service.js', import.meta.url)), [], {
    env: ownEnvironment({ home, port, webUiPort, allowHost: options.allowHost }),
    // In its own process group: a terminal's Ctrl-C must reach only us. We stop what depends on the service first.
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

/**
 * Returns the environment of the service, without the user's settings for theirs (another Temporal, secrets,
 * limits).
 */
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

/** Shows what the service is doing, and keeps its last lines for the error. Rejects at its end; never resolves. */
function failure(child: ChildProcess, display: ProgressDisplay): Promise<never> {
  const lines: string[] = [];
  if (child.stderr) {
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.splice(0, lines.length - keptLines + 1, ...lines.slice(1 - keptLines), line);
      // Log lines are JSON; other lines are for people.
      if (!line.startsWith('{'))
        display.report({ waitingFor: 'Starting a service for the demo', detail: line });
    });
  }
  const failed = once(child, 'close').then(() => {
    const how = child.signalCode ?? `exit code ${child.exitCode}`;
    throw new TaskbellError([`The demo's service ended (${how}):`, ...lines].join('\n'), {
      status: 0,
      code: 'unreachable',
    });
  });
  // Prevents an unhandled rejection while nothing awaits it, as when stopping. Code that awaits it gets the error.
  failed.catch(() => undefined);
  return failed;
}

async function end(child: ChildProcess, force: AbortSignal): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  // A second signal makes the service kill what it has started; if it were killed itself, that would stay.
  const hurry = (): void => void child.kill('SIGTERM');
  force.addEventListener('abort', hurry);
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
  child.kill('SIGTERM');
  await closed;
  clearTimeout(timer);
  force.removeEventListener('abort', hurry);
}
