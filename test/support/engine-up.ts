import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { waitFor } from './wait-for.ts';

/** `taskbell up` in its own process. */
export interface UpProcess {
  readonly child: ChildProcess;
  /** Output so far, stdout and stderr together. */
  output(): string;
  /** Events of the roles so far, from lines such as "worker stopped 4711". */
  events(): { readonly role: string; readonly event: string; readonly pid: number }[];
  /** Waits until everything is ready. @returns the API's address. */
  ready(): Promise<string>;
  stop(signal: NodeJS.Signals): void;
  exitCode(): Promise<number | null>;
}

export function makeHome(): string {
  return mkdtempSync(join(tmpdir(), 'taskbell-up-'));
}

export function removeHome(home: string): void {
  rmSync(home, { recursive: true, force: true });
}

/** Starts `taskbell up` with the roles of engine-fixtures/role.mjs. */
export function startUp(home: string, environment: Record<string, string> = {}): UpProcess {
  const script = resolve('test/support/engine-fixtures/up.mjs');
  return start([script], home, environment);
}

/** Starts the built product, with the real API and worker. */
export function startBuiltUp(home: string, environment: Record<string, string> = {}): UpProcess {
  return start([resolve('dist/src/cli/main.js'), 'up'], home, environment);
}

function start(args: readonly string[], home: string, environment: Record<string, string>): UpProcess {
  const eventsPath = join(home, 'events');
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ROLE_EVENTS: eventsPath,
      TASKBELL_HOME: home,
      PORT: '0',
      TASKBELL_TEMPORAL_PORT: '0',
      TASKBELL_TEMPORAL_UI_PORT: '0',
      ...environment,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const closed = once(child, 'close');
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    child,
    output: () => output,
    events: () => readEvents(eventsPath),
    ready: () =>
      waitFor('taskbell up', () => {
        if (hasEnded()) throw new Error(`taskbell up ended:\n${output}`);
        return /Ctrl-C stops it/.test(output) && /Address +(\S+)/.exec(output)?.[1];
      }),
    stop: (signal) => void child.kill(signal),
    async exitCode() {
      await closed;
      return child.exitCode;
    },
  };
}

function readEvents(path: string): { role: string; event: string; pid: number }[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [role = '', event = '', ...rest] = line.split(' ');
      return { role, event, pid: Number(rest.at(-1)) };
    });
}
