import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { killGroup, stopChild } from '../engine/processes.ts';
import { type RoleMessage, roleMessage } from './parent.ts';
import type { SupervisedProcess } from './supervisor.ts';

/** A process that `up` starts as its child. */
export type ProcessRole = 'api' | 'worker';

export interface RoleOptions {
  readonly name: string;
  /** The script to fork. It gets the role's name as its argument. */
  readonly entry: string;
  readonly environment: Record<string, string | undefined>;
  /** Time that the role has to end before it is killed, in milliseconds. */
  readonly stopMs: number;
  /** Kills the role at once. */
  readonly force: AbortSignal;
}

/** A role's process that is serving. */
export interface RoleProcess extends SupervisedProcess {
  readonly pid: number;
  readonly url: string | undefined;
  readonly metricsUrl: string | undefined;
}

/** The role reported that it can't work with its configuration. */
export class RoleFatalError extends Error {
  override readonly name = 'RoleFatalError';
}

/**
 * Forks a role and waits until it reports that it is ready.
 * @throws {RoleFatalError} when the role reports a fatal message; an Error when it ends before it is ready,
 * or when the signal aborts.
 */
export async function startRole(options: RoleOptions, signal: AbortSignal): Promise<RoleProcess> {
  const child = fork(options.entry, [options.name], {
    env: options.environment,
    // In its own process group: a terminal's Ctrl-C must reach only us, since we stop the roles in order.
    detached: true,
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = describeEnd(child);
  const close = async (): Promise<void> => {
    await stopChild(child, options.stopMs, options.force);
    await ended;
  };
  const stop = (): void => void close();
  signal.addEventListener('abort', stop);
  try {
    const { url, metricsUrl } = await Promise.race([readiness(child), failBecause(ended)]);
    signal.throwIfAborted();
    return { pid: child.pid ?? 0, url, metricsUrl, ended, close };
  } catch (error) {
    await close();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function readiness(child: ChildProcess): Promise<Extract<RoleMessage, { type: 'ready' }>> {
  for (;;) {
    const [received]: unknown[] = await once(child, 'message');
    const message = roleMessage.parse(received);
    if (message.type === 'fatal') throw new RoleFatalError(message.message);
    return message;
  }
}

async function failBecause(ended: Promise<string>): Promise<never> {
  throw new Error(`it ended before it was ready: ${await ended}`);
}

async function describeEnd(child: ChildProcess): Promise<string> {
  try {
    // Not `exit`, which can come before the child's last message.
    await once(child, 'close');
  } catch (error) {
    return String(error);
  }
  // The processes that the role started (handler processes) must not outlive it.
  if (child.pid !== undefined) killGroup(child.pid);
  return child.signalCode === null ? `exit code ${child.exitCode}` : `signal ${child.signalCode}`;
}
