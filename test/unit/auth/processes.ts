import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';

/** Returns the URL of a built module of src/, for child processes: Node 20 does not run TypeScript. */
export function built(module: string): string {
  return new URL(`../../../dist/src/${module}.js`, import.meta.url).href;
}

/** Starts a child that runs an ES module with `args` from process.argv[1] on. Kills it after the test. */
export function startNode(script: string, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, '--', ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Waits until the child ends. @throws if it ended with another exit code or signal. */
export async function ended(child: ChildProcess, expected: number | NodeJS.Signals = 0): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  const end = child.signalCode ?? child.exitCode;
  if (end !== expected) throw new Error(`the child ended with ${end}, not ${expected}`);
}

/** Waits until the child prints something. */
export async function firstOutput(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the child has no stdout');
  const [chunk] = await once(child.stdout, 'data');
  return String(chunk);
}
