import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { root } from './root.mjs';

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** Commands that have not ended. */
const running = new Set();

/**
 * Runs a command in the checkout with our stdio, and passes signals on to it. After a signal, exits once all
 * commands have ended.
 * @returns its exit code.
 */
export async function run(command, args, options = {}) {
  const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options });
  running.add(child);
  let received;
  const forward = (signal) => {
    received = signal;
    child.kill(signal);
  };
  for (const signal of forwarded) process.on(signal, forward);
  try {
    const [code, signal] = await once(child, 'close');
    running.delete(child);
    if (received !== undefined) await exitAfterLast(128 + constants.signals[received]);
    return code ?? 128 + constants.signals[signal];
  } finally {
    running.delete(child);
    for (const signal of forwarded) process.off(signal, forward);
  }
}

/** Exits, or leaves that to the command that ends last. */
async function exitAfterLast(code) {
  if (running.size === 0) process.exit(code);
  await new Promise(() => undefined);
}

export function runNode(args, options) {
  return run(process.execPath, args, options);
}

/** Runs the npm that started us, or else the one on PATH. */
export function runNpm(args, options) {
  const npm = process.env.npm_execpath;
  if (npm?.endsWith('.js')) return runNode([npm, ...args], options);
  return run('npm', args, { shell: process.platform === 'win32', ...options });
}

/** Exits with the step's exit code if the step failed. */
export async function orExit(step) {
  const code = await step;
  if (code !== 0) process.exit(code);
}

/** Runs a program to its end. Prints its errors only. @throws if it fails. */
export function runOnce(command, args, options) {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'], ...options });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} failed with exit code ${status}`);
}
