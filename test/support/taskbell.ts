import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { onTestFinished } from 'vitest';

/** A command of the built product in its own process, started as from a shell: it has no parent to report to. */
export interface TaskbellProcess {
  /** What it has printed on standard error so far. */
  errors(): string;
  /** Waits until it has ended. */
  exitCode(): Promise<number | null>;
}

const main = resolve('dist/src/cli/main.js');

/** Starts `taskbell …`, and stops it at the end of the test. */
export function startTaskbell(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): TaskbellProcess {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const closed = once(child, 'close');
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await closed;
  });
  return {
    errors: () => errors,
    async exitCode() {
      await closed;
      return child.exitCode;
    },
  };
}
